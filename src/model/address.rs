//! Virtual addresses. They use all 64 bits, which neither TOML nor JSON keeps exact as numbers: they are stored as text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One virtual address, spelled `0x` and lower-case hex without leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(u64);

impl Address {
    /// An address.
    pub fn new(address: u64) -> Self {
        Self(address)
    }

    /// As a number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or_default();
        let address = u64::from_str_radix(digits, 16).ok().map(Self);
        address
            .filter(|a| a.to_string() == text)
            .ok_or_else(|| format!("`{text}` is not an address such as 0x7ffd0000"))
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for text in ["0x0", "0x7ffd0000", "0xffffffffffffffff"] {
            assert_eq!(Address::try_from(text.to_owned()).expect(text).to_string(), text);
        }
        for text in ["", "0x", "0", "7ffd", "0X7f", "0x7F", "0x07", "0x10000000000000000", "0x+7", " 0x7"] {
            assert!(Address::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
