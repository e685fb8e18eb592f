//! Byte ranges, as people type them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Text that is not a byte range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a range: write OFFSET+LENGTH, decimal or 0x hex, such as 4096+512 or 0x1000+0x200")]
pub struct InvalidRange {
    /// What was given.
    pub text: String,
}

/// A range of bytes whose end does not overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRange {
    /// The first byte.
    pub offset: u64,
    /// How many; at least one.
    pub length: u64,
}

impl FromStr for ByteRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let range = text.split_once('+').and_then(|(offset, length)| {
            let (offset, length) = (number(offset)?, number(length)?);
            offset.checked_add(length).filter(|_| length > 0).map(|_| Self { offset, length })
        });
        range.ok_or_else(|| InvalidRange { text: text.to_owned() })
    }
}

fn number(text: &str) -> Option<u64> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |hex| (hex, 16));
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.offset, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_printed() {
        assert_eq!("0x10+0x20".parse(), Ok(ByteRange { offset: 16, length: 32 }));
        assert_eq!("16+32".parse::<ByteRange>().unwrap().to_string(), "16+32");
        for bad in
            ["", "1", "1+", "+1", "1+0", "-1+2", "1+ 2", "0x+1", "0x1g+1", "18446744073709551615+1", "1++2", "+1+2"]
        {
            assert!(bad.parse::<ByteRange>().is_err(), "{bad}");
        }
    }
}
