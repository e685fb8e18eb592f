//! Refusals: why a command did nothing, for people and for scripts.

use std::ops::Range;

use miette::Diagnostic;

use crate::history::Fault;
use crate::model::id::CommitId;
use crate::model::reason::{self, Reason};
use crate::sign::KeyError;
use crate::source::VaultError;
use crate::store::{AdvanceError, CloneDirError, LockError, OpenError, ReadError, RefError, WriteError};

/// What a command comes to, as an exit code says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 0: it holds, or it is done.
    Yes,
    /// 1: no; the reasons are printed.
    No,
    /// 2: wrong usage.
    Usage,
    /// 3: could not decide.
    Undecided,
}

impl Verdict {
    /// The exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
        }
    }

    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Usage => "usage",
            Self::Undecided => "undecided",
        }
    }
}

impl From<reason::Verdict> for Verdict {
    fn from(verdict: reason::Verdict) -> Self {
        match verdict {
            reason::Verdict::Yes => Self::Yes,
            reason::Verdict::No => Self::No,
            reason::Verdict::Undecided => Self::Undecided,
        }
    }
}

/// One reason, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Why {
    /// A stable code.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// What is the matter, naming the value.
    pub message: String,
    /// What to do, preferably the command to type.
    pub help: String,
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        let Reason { code, subject, message, help } = reason;
        Self { code: code.to_string(), subject, message, help }
    }
}

/// A place in a file a person wrote, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The bytes.
    pub span: Range<usize>,
    /// What is wrong there.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A file a person wrote, with what is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// Its name.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What is wrong, in order.
    pub labels: Vec<Label>,
}

/// Why a command did nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The exit.
    pub verdict: Verdict,
    /// The reasons; at least one.
    pub reasons: Vec<Why>,
    /// The labelled file, when a file is wrong.
    pub labelled: Option<Box<Labelled>>,
}

impl Refused {
    /// Refuses for one reason.
    pub fn new(
        verdict: Verdict,
        code: &str,
        subject: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let why = Why { code: code.to_owned(), subject: subject.into(), message: message.into(), help: help.into() };
        Self { verdict, reasons: vec![why], labelled: None }
    }

    /// Refuses wrong usage.
    pub fn usage(subject: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Verdict::Usage, "usage", subject, message, help)
    }

    /// Refuses for the gate's or the replay's reasons.
    pub fn for_reasons(reasons: Vec<Reason>) -> Self {
        let verdict = reason::Verdict::of(&reasons).into();
        Self { verdict, reasons: reasons.into_iter().map(Why::from).collect(), labelled: None }
    }

    /// Says of a failure after the branch moved that the entry is there: it was the rest that failed.
    pub(super) fn though_recorded(mut self, entry: &CommitId) -> Self {
        for why in &mut self.reasons {
            why.message = format!("the entry is recorded, as {entry}; then: {}", why.message);
            why.help = format!("{}; then run the same command again: it finishes what is missing", why.help);
        }
        self
    }

    fn of(verdict: Verdict, code: &str, error: &impl Diagnostic) -> Self {
        let help = error.help().map(|h| h.to_string()).unwrap_or_default();
        Self::new(verdict, code, code, error.to_string(), help)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::for_reasons(vec![
            fault.reason("packet whoami   shows what is open to you, packet status where the packet stands"),
        ])
    }
}

impl From<OpenError> for Refused {
    fn from(error: OpenError) -> Self {
        match &error {
            OpenError::Unreadable { .. } => Self::of(Verdict::Undecided, "unreadable", &error),
            _ => Self::of(Verdict::Usage, "repository", &error),
        }
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        Self::of(Verdict::Undecided, "unreadable", &error)
    }
}

impl From<RefError> for Refused {
    fn from(error: RefError) -> Self {
        Self::of(Verdict::Undecided, "unreadable", &error)
    }
}

impl From<LockError> for Refused {
    fn from(error: LockError) -> Self {
        Self::of(Verdict::Undecided, "locked", &error)
    }
}

impl From<WriteError> for Refused {
    fn from(error: WriteError) -> Self {
        Self::of(Verdict::Undecided, "unwritable", &error)
    }
}

impl From<AdvanceError> for Refused {
    fn from(error: AdvanceError) -> Self {
        let (verdict, code) = match &error {
            AdvanceError::Moved { .. } => (Verdict::No, "head-moved"),
            AdvanceError::CheckedOut { .. } => (Verdict::No, "checked-out"),
            AdvanceError::Locked { .. } => (Verdict::Undecided, "locked"),
            AdvanceError::Ref(_) | AdvanceError::Read(_) => (Verdict::Undecided, "unreadable"),
            AdvanceError::Unconfirmed { .. } => (Verdict::Undecided, "unconfirmed"),
            AdvanceError::Io { .. } => (Verdict::Undecided, "unwritable"),
        };
        Self::of(verdict, code, &error)
    }
}

impl From<CloneDirError> for Refused {
    fn from(error: CloneDirError) -> Self {
        Self::of(Verdict::Undecided, "unwritable", &error)
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        Self::of(Verdict::Usage, "key", &error)
    }
}

impl From<VaultError> for Refused {
    fn from(error: VaultError) -> Self {
        let verdict = match &error {
            VaultError::Url { .. } | VaultError::Outside { .. } | VaultError::Unfit { .. } => Verdict::Usage,
            _ => Verdict::Undecided,
        };
        Self::of(verdict, "vault", &error)
    }
}
