//! Ledger: an entry at once, no staging.

use clap::Args;

use super::values::one_of;
use super::{Context, Run};
use crate::model::id::ObjectionId;
use crate::model::objection::{ActKind, ObjectionKind};
use crate::model::target::Target;
use crate::report::{self, Body};
use crate::work::ledger::{self, NewObjection};
use crate::work::load::{self, Replay};
use crate::work::{Desk, Refused};

/// Object: raise a dispute about one target
///
/// It stays visible until its objector withdraws or closes it, or the release owner accepts it alone, with a rationale.
/// It ends every draft and approval bound before it.
///
/// Examples:
///   packet object --kind identifier-leakage --about fragment:stack@128+16 -m "a card number still shows"
///   packet object --kind audience-boundary --about lane -m "too many reviewers" --veto
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Object {
    /// What kind of dispute
    #[arg(long, value_parser = one_of::<ObjectionKind>())]
    kind: ObjectionKind,
    /// About what: packet, lane, session:ID, fragment:ID[@OFFSET+LENGTH], region:SESSION/NAME, symbols:ID, frame:SYMBOLS#N,
    /// retention:SESSION, section:NAME, attachment:ID
    #[arg(long, value_name = "TARGET")]
    about: Target,
    /// Why
    #[arg(short, long, value_name = "TEXT")]
    message: String,
    /// It can never become residual; for humans with a required role
    #[arg(long)]
    veto: bool,
}

impl Run for Object {
    const NAME: &'static str = "object";
    const FIELDS: &'static [&'static str] = &["id"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let new =
            NewObjection { kind: self.kind, about: self.about.clone(), text: self.message.clone(), veto: self.veto };
        Ok(report::recorded(&ledger::object(&context.desk()?, &context.signer()?, &new)?))
    }
}

fn act(context: &Context, id: &ObjectionId, kind: ActKind, text: &str) -> Result<Body, Refused> {
    Ok(report::recorded(&ledger::act(&context.desk()?, &context.signer()?, id, kind, text)?))
}

macro_rules! act_command {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub(crate) struct $name {
            /// The objection
            id: ObjectionId,
            /// The words
            #[arg(short, long, value_name = "TEXT")]
            message: String,
        }

        impl Run for $name {
            const NAME: &'static str = $kind.as_str();
            const FIELDS: &'static [&'static str] = &["id", "state"];

            fn run(&self, context: &Context) -> Result<Body, Refused> {
                act(context, &self.id, $kind, &self.message)
            }
        }
    };
}

act_command!(
    /// Say something in an objection's thread; changes nothing
    Respond, ActKind::Respond
);
act_command!(
    /// Say that an objection is dealt with; its objector then closes it
    Address, ActKind::Address
);
act_command!(
    /// Take your own objection back
    Withdraw, ActKind::Withdraw
);
act_command!(
    /// Agree that your own objection was addressed
    Close, ActKind::Close
);

/// Accept what remains of an objection: the release owner alone, one by one
///
/// It binds to the target as it is now; when the target changes, the residual lapses.
///
/// Example:
///   packet accept-residual o-0123456789ab --rationale "the frame is needed to see the fault"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AcceptResidual {
    /// The objection
    id: ObjectionId,
    /// Why the risk is accepted; part of the manifest
    #[arg(long, value_name = "TEXT")]
    rationale: String,
}

impl Run for AcceptResidual {
    const NAME: &'static str = "accept-residual";
    const FIELDS: &'static [&'static str] = &["id", "state"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        act(context, &self.id, ActKind::AcceptResidual, &self.rationale)
    }
}

/// List every objection with its thread
#[derive(Debug, Args)]
pub(crate) struct Objections {}

impl Run for Objections {
    const NAME: &'static str = "objections";
    const FIELDS: &'static [&'static str] = &["objections"];

    fn run(&self, context: &Context) -> Result<Body, Refused> {
        let desk = context.desk()?;
        let snapshot = load::load(&desk, None, Replay::Cached)?;
        let words = match context.json() {
            true => Vec::new(),
            false => words(&desk, &snapshot.packet)?,
        };
        Ok(report::objections(&snapshot.packet, &words))
    }
}

type Words = Vec<(Vec<String>, Vec<String>)>;

fn words(desk: &Desk, packet: &crate::model::packet::Packet) -> Result<Words, Refused> {
    packet
        .ledger
        .keys()
        .map(|id| {
            let objection = ledger::stored(desk, packet, id)?;
            let acts = objection.thread.iter().map(|a| format!("{} {}: {}", a.by, a.act, a.text)).collect();
            Ok((vec![objection.text], acts))
        })
        .collect()
}
