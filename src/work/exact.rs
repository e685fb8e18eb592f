//! The vault's exact list: scanners that look for its values, and the lines that people put there.
//!
//! The tool reads the list and never writes it: what it writes in a vault is a short list (docs/format.md), and who holds
//! customers' values decides which of them are listed.

use std::io::{BufRead, BufReader, Read};

use super::Desk;
use super::load::{self, Replay};
use super::refused::{Refused, Verdict};
use crate::model::charter::Charter;
use crate::model::id::ClassId;
use crate::model::taxonomy::Taxonomy;
use crate::scan::{ExactLine, ExactList, exact_lines};
use crate::source::{Vault, VaultKey};

/// The longest list, in bytes: more than the lines that it may have take.
const LONGEST_LIST: u64 = 64 << 20;

/// The list of a vault, for the classes of a taxonomy; none when there is none, or no class asks for it.
///
/// # Errors
/// When it is there and cannot be used: what nobody can look for, nobody may say was not found.
pub(super) fn list(taxonomy: &Taxonomy, vault: &Vault, key: &VaultKey) -> Result<Option<ExactList>, String> {
    if !taxonomy.class.iter().any(|class| class.exact) {
        return Ok(None);
    }
    let Some(file) = vault.open_exact().map_err(|e| e.to_string())? else { return Ok(None) };
    let broken = |why: String| format!("the vault's exact list, .packet/exact: {why}");
    let mut bytes = file.take(LONGEST_LIST + 1);
    let list = ExactList::read(BufReader::new(&mut bytes), taxonomy, key.bytes()).map_err(|e| broken(e.to_string()))?;
    match bytes.limit() {
        0 => Err(broken(format!("it is longer than {LONGEST_LIST} bytes"))),
        _ => Ok(Some(list)),
    }
}

/// The list of the charter's vault, where that is within reach: for texts that people type.
///
/// # Errors
/// When the list that is there cannot be used.
pub(super) fn reachable(charter: &Charter, taxonomy: &Taxonomy) -> Result<Option<ExactList>, Refused> {
    let Ok(vault) = Vault::open(&charter.vault().url) else { return Ok(None) };
    let Ok(key) = vault.read_key() else { return Ok(None) };
    list(taxonomy, &vault, &key).map_err(|why| {
        let help = "mend the line, or make the list anew: packet exact < VALUES > VAULT/.packet/exact";
        Refused::new(Verdict::Undecided, "scan-incomplete", "exact", why, help)
    })
}

/// Lines for the list, of values read one a line.
///
/// # Errors
/// When the packet's taxonomy has no such class, the vault's key cannot be read or is another's, or a value cannot be listed.
pub fn lines(desk: &Desk, class: Option<&ClassId>, values: impl BufRead) -> Result<Vec<ExactLine>, Refused> {
    let packet = load::load(desk, None, Replay::Cached)?.packet;
    let class = chosen(&packet.content.taxonomy, class)?;
    let key = Vault::open(&packet.content.charter.vault().url)?.read_key()?;
    if packet.content.vault_key() != Some(&key.id()) {
        let message = format!("the vault has key {}, which is not the packet's", key.id());
        return Err(Refused::usage("exact", message, "mount the vault that the charter names"));
    }
    exact_lines(values, class, key.bytes()).map_err(|e| {
        let help = "values are one a line: 6 to 64 ASCII letters and digits in at most 8 words";
        Refused::usage("exact", format!("standard input, {e}"), help)
    })
}

/// The class that is named, or the only exact one.
fn chosen<'t>(taxonomy: &'t Taxonomy, named: Option<&ClassId>) -> Result<&'t ClassId, Refused> {
    let exact: Vec<&ClassId> = taxonomy.class.iter().filter(|class| class.exact).map(|class| &class.id).collect();
    let fits: Vec<&ClassId> = exact.iter().copied().filter(|id| named.is_none_or(|named| *id == named)).collect();
    if let [only] = fits.as_slice() {
        return Ok(only);
    }
    if exact.is_empty() {
        let help = "packet amend --taxonomy FILE, with a class that says exact = true";
        return Err(Refused::usage("--class", "the packet's taxonomy has no exact class", help));
    }
    let message = match named {
        Some(named) => format!("`{named}` is no exact class"),
        None => "there are several exact classes".to_owned(),
    };
    let known = exact.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
    Err(Refused::usage("--class", message, format!("one of: {known}")))
}
