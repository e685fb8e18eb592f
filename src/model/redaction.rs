//! placeholder
use serde::{Deserialize, Serialize};
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    pub offset: u64,
    pub length: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<u8>,
}
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    pub masked_bytes: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interval: Vec<Interval>,
}
impl Redaction {
    pub fn check(&self, _b: u64) -> Result<(), String> {
        Ok(())
    }
}
