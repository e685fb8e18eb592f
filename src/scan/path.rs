//! How a value is encoded: the decoders it took, outermost first.

use std::fmt;

/// One decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Utf16Le = 1,
    Utf16Be,
    Base64,
    Gzip,
    Zlib,
    Deflate,
}

const NAMES: [&str; 7] = ["", "utf-16le", "utf-16be", "base64", "gzip", "zlib", "deflate"];

/// Up to ten decoders, three bits each, the outermost lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Path(u32);

impl Path {
    /// The path with one more decoder around it.
    pub(super) fn within(self, step: Step) -> Self {
        Self(self.0 << 3 | step as u32)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut last = 0;
        while rest != 0 {
            last = rest & 7;
            f.write_str(NAMES.get(last as usize).copied().unwrap_or_default())?;
            rest >>= 3;
            if rest != 0 {
                f.write_str(">")?;
            }
        }
        match last {
            0 => f.write_str("ascii"),
            1 | 2 => Ok(()),
            _ => f.write_str(">ascii"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_outermost_first() {
        let plain = Path::default();
        assert_eq!(plain.to_string(), "ascii");
        assert_eq!(plain.within(Step::Utf16Be).to_string(), "utf-16be");
        assert_eq!(plain.within(Step::Gzip).within(Step::Base64).to_string(), "base64>gzip>ascii");
        assert_eq!(plain.within(Step::Base64).within(Step::Utf16Le).to_string(), "utf-16le>base64>ascii");
        assert_eq!(plain.within(Step::Utf16Le).within(Step::Zlib).to_string(), "zlib>utf-16le");
    }
}
