//! The release itself: ended or lapsed, signed by whom, approved how.

use std::collections::BTreeMap;

use super::{CLOCK_SKEW, Case, Question};
use crate::model::actor::Actor;
use crate::model::id::{ActorId, Role};
use crate::model::packet::{Hands, Packet};
use crate::model::reason::{Reason, ReasonCode};
use crate::model::release::{Ended, Release};
use crate::model::signers;

const REDRAFT: &str = "packet draft   then packet sign, packet approve: an approval never carries over";

pub(super) fn ended(case: &Case<'_>) -> Vec<Reason> {
    let Some(release) = case.question.release() else { return Vec::new() };
    let subject = format!("release:{}", release.number);
    let tell = |code, how: &str, by: &Ended| {
        let message = format!("release {} {how} {} by {} ({})", release.number, by.operation, by.by, by.entry.short());
        Reason::new(code, subject.clone(), message, REDRAFT)
    };
    let mut reasons: Vec<Reason> =
        release.superseded.iter().map(|by| tell(ReasonCode::Superseded, "is superseded:", by)).collect();
    reasons.extend(release.holds.iter().map(|by| tell(ReasonCode::Held, "is held:", by)));
    reasons.extend(release.void.iter().map(|by| tell(ReasonCode::Void, "does not cover what came after it:", by)));
    reasons
}

pub(super) fn time(case: &Case<'_>) -> Vec<Reason> {
    let Some(release) = case.question.release() else { return Vec::new() };
    let subject = format!("release:{}", release.number);
    if release.has_lapsed(case.now) {
        let message = format!("release {} lapsed at {}; it is {}", release.number, release.not_after, case.now);
        return vec![Reason::new(ReasonCode::Lapsed, subject, message, REDRAFT)];
    }
    if case.now < release.not_before.minus(CLOCK_SKEW) {
        let message = format!("release {} begins at {}; it is {}", release.number, release.not_before, case.now);
        return vec![Reason::new(ReasonCode::NotYetValid, subject, message, "check this machine's clock: date -u")];
    }
    Vec::new()
}

/// The people whose signatures over the manifest count now: by a key of theirs, in a role that is required.
pub fn counting_signers<'a>(packet: &'a Packet, release: &Release) -> Vec<&'a Actor> {
    let charter = &packet.content.charter;
    let mut people: Vec<&Actor> = Vec::new();
    for signature in &release.signatures {
        let holder = charter.counts_for(&signature.point).filter(|a| a.id == signature.actor);
        // One actor, one vote, however many keys (TUF CVE-2020-6174: the same signature counted twice).
        if let Some(actor) = holder.filter(|a| charter.is_required_signer(a) && !people.iter().any(|p| p.id == a.id)) {
            people.push(actor);
        }
    }
    people
}

/// The required roles nobody fills yet, with how many people each lacks.
pub fn missing_roles(packet: &Packet, release: &Release) -> BTreeMap<Role, u32> {
    signers::missing(&packet.content.charter.lane.required_signers, &counting_signers(packet, release))
}

pub(super) fn signatures(case: &Case<'_>) -> Vec<Reason> {
    let Some(release) = case.question.release() else { return Vec::new() };
    let n = release.number;
    let missing = missing_roles(case.packet, release);
    missing
        .into_iter()
        .map(|(role, lacking)| {
            let holders = holders(case.packet, release, &role).join(", ");
            let message = format!("release {n} lacks {lacking} counting signature in role {role} (open to: {holders})");
            Reason::new(ReasonCode::SignatureMissing, format!("role:{role}"), message, format!("packet sign {n}"))
        })
        .collect()
}

/// Who could fill the role and has not signed.
fn holders(packet: &Packet, release: &Release, role: &Role) -> Vec<String> {
    let charter = &packet.content.charter;
    let eligible = charter.actor.iter().filter(|a| charter.is_required_signer(a) && a.has_role(role.as_str()));
    let unsigned = eligible.filter(|a| !release.signatures.iter().any(|s| s.actor == a.id));
    unsigned.map(|a| a.id.to_string()).collect()
}

/// The changes nobody independent vouches for: of this release, and of earlier ones as far as their own signers do not
/// any more. A signature counts now or not at all, and a release that was held vouches for nothing.
fn unvouched<'a>(packet: &'a Packet, release: &'a Release) -> Vec<&'a Hands> {
    let earlier = packet.releases.range(..release.number).map(|(_, r)| r).filter(|r| r.approval.is_some());
    let mut found: Vec<&Hands> = Vec::new();
    for vouching in earlier.chain([release]) {
        let held = !vouching.holds.is_empty() && vouching.number != release.number;
        let signers = if held { Vec::new() } else { counting_signers(packet, vouching) };
        let new = vouching.changed_by.iter().filter(|hands| !found.contains(hands)).collect::<Vec<_>>();
        found.extend(new);
        found.retain(|hands| signers.iter().all(|signer| hands.contains(&signer.id)));
    }
    found
}

/// Nobody alone vouches for their own work: each released change needs a signer whose hand is not behind it.
pub(super) fn independence(case: &Case<'_>) -> Vec<Reason> {
    let Some(release) = case.question.release() else { return Vec::new() };
    if counting_signers(case.packet, release).is_empty() {
        return Vec::new();
    }
    let changes = unvouched(case.packet, release);
    changes
        .into_iter()
        .map(|hands| {
            let names: Vec<&str> = hands.iter().map(ActorId::as_str).collect();
            let (names, n) = (names.join(", "), release.number);
            let message = format!("{names} wrote changes of release {n}, and nobody else signed it");
            let help = "another required signer must sign too: packet sign";
            Reason::new(ReasonCode::NoIndependentSigner, format!("actor:{names}"), message, help)
        })
        .collect()
}

pub(super) fn approval(case: &Case<'_>) -> Vec<Reason> {
    match case.question {
        Question::Draft => Vec::new(),
        Question::Approve(release) => match &release.approval {
            Some(approved) => {
                let message = format!("release {} was approved at {}", release.number, approved.at);
                let help = format!("packet verify {}   shows whether it still holds", release.number);
                vec![Reason::new(ReasonCode::AlreadyApproved, format!("release:{}", release.number), message, help)]
            }
            None => presence(case, release, case.facts.owner_touched),
        },
        Question::Hold(release) => approved(case, release),
    }
}

fn approved(case: &Case<'_>, release: &Release) -> Vec<Reason> {
    let n = release.number;
    let Some(approved) = &release.approval else {
        let message = format!("release {n} is drafted and not approved");
        return vec![Reason::new(
            ReasonCode::NotApproved,
            format!("release:{n}"),
            message,
            format!("packet approve {n}"),
        )];
    };
    let charter = &case.packet.content.charter;
    let owner = charter.counts_for(&approved.signature.point);
    let counts =
        owner.is_some_and(|a| a.id == charter.lane.release_owner && a.id == approved.signature.actor && a.is_human());
    if !counts {
        let message = format!("the approval of release {n} by {} does not count any more", approved.signature.actor);
        return vec![Reason::new(ReasonCode::ApprovalNotCounting, format!("release:{n}"), message, REDRAFT)];
    }
    presence(case, release, Some(approved.signature.touched))
}

fn presence(case: &Case<'_>, release: &Release, touched: Option<bool>) -> Vec<Reason> {
    if !case.packet.content.charter.lane.presence || touched != Some(false) {
        return Vec::new();
    }
    let message = format!("the charter demands a touched hardware key for release {}", release.number);
    let help = "packet approve --key FILE   with an sk-ssh-ed25519 key made without `-O no-touch-required`";
    vec![Reason::new(ReasonCode::PresenceMissing, format!("release:{}", release.number), message, help)]
}
