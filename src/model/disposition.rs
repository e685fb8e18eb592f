//! Dispositions: what a human made of the exact set of findings of one class in one fragment.

use serde::{Deserialize, Serialize};

use super::digest::Blake3;
use super::id::{ActorId, ClassId, FragmentId};
use super::kinds::kind_enum;
use super::time::Time;

kind_enum!(
    /// What a human judged a set of findings to be.
    Judgement {
        /// No customer's: library text, the product's own addresses.
        NotCustomerData = "not-customer-data",
        /// A customer's, or perhaps, and the review needs it.
        Needed = "needed",
    }
);

/// A human's judgement over the exact set of findings of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disposition {
    /// The class.
    pub class: ClassId,
    /// What they are.
    #[serde(rename = "as")]
    pub judgement: Judgement,
    /// How many findings the set held.
    pub count: u64,
    /// The set's digest, see [`super::finding_set::FindingSet`].
    pub set: Blake3,
    /// Why.
    pub why: String,
    /// By whom: the entry's actor.
    pub by: ActorId,
    /// When: the entry's time.
    pub at: Time,
    /// Their own signature over [`super::objection::statement`], in namespace `packet.ledger.v1`.
    pub signature: String,
}

/// The subject that a disposition's signature names: `FRAGMENT/CLASS`.
pub fn disposition_subject(fragment: &FragmentId, class: &ClassId) -> String {
    format!("{fragment}/{class}")
}

/// The act that a disposition's signature names.
pub fn disposition_act(judgement: Judgement) -> String {
    format!("dispose {judgement}")
}
