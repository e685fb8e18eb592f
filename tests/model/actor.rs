//! Who there is: three people, two agents, and their keys.

use crate::bits::Bits;

/// Somebody of the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    Owner,
    Privacy,
    Reliability,
    PrivacyAgent,
    ReliabilityAgent,
}

impl Actor {
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Privacy, Self::Reliability, Self::PrivacyAgent, Self::ReliabilityAgent];
    pub const PEOPLE: [Self; 3] = [Self::Owner, Self::Privacy, Self::Reliability];

    pub fn is_human(self) -> bool {
        matches!(self, Self::Owner | Self::Privacy | Self::Reliability)
    }

    /// Role `contributor`: everybody but the owner.
    pub fn is_contributor(self) -> bool {
        self != Self::Owner
    }

    /// The human who speaks for what this actor objects to.
    pub fn speaker(self) -> Self {
        match self {
            Self::PrivacyAgent => Self::Privacy,
            Self::ReliabilityAgent => Self::Reliability,
            human => human,
        }
    }

    pub fn bit(self) -> Bits {
        Bits::one(self as u32)
    }
}

/// A key. One person has two, so that one person could be counted twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Owner,
    Privacy,
    PrivacySpare,
    Reliability,
    PrivacyAgent,
    ReliabilityAgent,
}

impl Key {
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Privacy, Self::PrivacySpare, Self::Reliability, Self::PrivacyAgent, Self::ReliabilityAgent];

    pub fn holder(self) -> Actor {
        match self {
            Self::Owner => Actor::Owner,
            Self::Privacy | Self::PrivacySpare => Actor::Privacy,
            Self::Reliability => Actor::Reliability,
            Self::PrivacyAgent => Actor::PrivacyAgent,
            Self::ReliabilityAgent => Actor::ReliabilityAgent,
        }
    }

    pub fn bit(self) -> Bits {
        Bits::one(self as u32)
    }
}
