//! Identities of modules, as symbol servers spell them.

use super::fields::Block;

/// A code id and a debug id.
pub(super) type Ids = (Option<String>, Option<String>);

/// Those of a build id: itself, and its first 16 bytes read as a GUID, with age 0.
pub(super) fn of_build_id(id: &[u8]) -> Ids {
    let mut first = id.to_vec();
    first.resize(16, 0);
    let debug = guid(&Block::little(first), 0).map(|guid| format!("{guid}0"));
    (Some(hexadecimal(id)), debug)
}

/// A GUID without dashes.
pub(super) fn guid(block: &Block, at: u64) -> Option<String> {
    let rest = block.bytes().get(usize::try_from(at + 8).ok()?..)?.get(..8)?;
    let rest = hexadecimal(rest).to_ascii_uppercase();
    Some(format!("{:08X}{:04X}{:04X}{rest}", block.u32(at)?, block.u16(at + 4)?, block.u16(at + 6)?))
}

/// No hash is longer than 64 bytes: what is, is no id.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect()
}
