//! Values that arguments hold, and how they are read.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::model::canonical::LARGEST;
use crate::model::kinds::Named;
use crate::model::time::Time;

/// One of a closed list of names; help and completions show them all.
pub(super) fn one_of<T: Named + Send + Sync>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::NAMES.iter().map(|v| v.name()))
        .map(|name| T::named(&name).expect("clap lets only listed names through"))
}

/// A time, as RFC 3339 UTC in whole seconds.
pub(super) fn time(text: &str) -> Result<Time, String> {
    Time::parse(text).map_err(|e| e.to_string())
}

/// A number of bytes, frames or threads: decimal, or hex after `0x`.
pub(super) fn number(text: &str) -> Result<u64, String> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |hex| (hex, 16));
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    let number = plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten();
    let number = number.ok_or_else(|| format!("`{text}` is not a number, decimal or 0x hex"))?;
    let fits = i64::try_from(number).is_ok_and(|number| number <= LARGEST);
    if fits { Ok(number) } else { Err(format!("{number} is larger than {LARGEST}, the largest that is stored")) }
}
