//! Pure values and rules: no I/O, no clock, no git. One noun per file.

pub mod canonical;
pub mod digest;
pub mod id;
pub mod key;
pub mod namespace;
pub mod text;
pub mod time;
