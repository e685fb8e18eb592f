//! A small set of small numbers.

/// A set of numbers below 32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Bits(u32);

impl Bits {
    pub fn one(n: u32) -> Self {
        Self(1 << n)
    }

    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    pub fn numbers(self) -> impl Iterator<Item = u32> {
        (0..32).filter(move |n| self.0 & (1 << n) != 0)
    }
}
