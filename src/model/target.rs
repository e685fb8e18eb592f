//! Targets: what an objection is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::id::{AttachmentId, FragmentId, SectionName, SessionId, SymbolsId};

/// A target that is not spelled as one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a target: {problem}")]
pub struct InvalidTarget {
    /// What was given.
    pub text: String,
    /// What is wrong.
    pub problem: String,
}

/// The part of a fragment, in bytes from its first one or by virtual address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `@OFFSET+LENGTH`
    Offset(u64, u64),
    /// `@va:START+LENGTH`
    Address(u64, u64),
}

/// What an objection is about. Its digest is over the files it names, see [`super::packet::Packet::target_digest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// `packet`: all content.
    Packet,
    /// `lane`: the charter's lane.
    Lane,
    /// `session:ID`: the session with all it contains.
    Session(SessionId),
    /// `fragment:ID`, with any part.
    Fragment(FragmentId, Option<Part>),
    /// `region:SESSION/NAME`
    Region(SessionId, String),
    /// `va:SESSION@START+LENGTH`
    Address(SessionId, u64, u64),
    /// `findings:FRAGMENT/CLASS`
    Findings(FragmentId, String),
    /// `symbols:ID`
    Symbols(SymbolsId),
    /// `frame:SYMBOLS#N`
    Frame(SymbolsId, u32),
    /// `retention:SESSION`
    Retention(SessionId),
    /// `section:NAME`
    Section(SectionName),
    /// `attachment:ID`
    Attachment(AttachmentId),
}

const KINDS: &str = "use packet, lane, session:ID, fragment:ID, fragment:ID@OFFSET+LENGTH, fragment:ID@va:START+LENGTH, \
     region:SESSION/NAME, va:SESSION@START+LENGTH, findings:FRAGMENT/CLASS, symbols:ID, frame:SYMBOLS#N, \
     retention:SESSION, section:NAME or attachment:ID";

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let wrong = |problem: String| InvalidTarget { text: text.to_owned(), problem };
        match text {
            "packet" => return Ok(Self::Packet),
            "lane" => return Ok(Self::Lane),
            _ => {}
        }
        let (kind, rest) = text.split_once(':').ok_or_else(|| wrong(KINDS.to_owned()))?;
        match kind {
            "session" => id(rest).map(Self::Session),
            "fragment" => fragment(rest),
            "region" => named(rest).map(|(session, name)| Self::Region(session, name)),
            "findings" => named(rest).map(|(fragment, class)| Self::Findings(fragment, class)),
            "va" => address(rest),
            "symbols" => id(rest).map(Self::Symbols),
            "frame" => frame(rest),
            "retention" => id(rest).map(Self::Retention),
            "section" => id(rest).map(Self::Section),
            "attachment" => id(rest).map(Self::Attachment),
            _ => Err(KINDS.to_owned()),
        }
        .map_err(wrong)
    }
}

fn id<T: FromStr>(text: &str) -> Result<T, String>
where
    T::Err: fmt::Display,
{
    text.parse().map_err(|e: T::Err| e.to_string())
}

fn named<T: FromStr>(text: &str) -> Result<(T, String), String>
where
    T::Err: fmt::Display,
{
    let (owner, name) = text.split_once('/').ok_or("a name is missing after `/`")?;
    let fits = !name.is_empty() && name.len() <= 128 && name.chars().all(|c| c.is_ascii_graphic());
    if fits {
        Ok((id(owner)?, name.to_owned()))
    } else {
        Err(format!("`{name}` is not a name of 1 to 128 printable characters"))
    }
}

fn fragment(text: &str) -> Result<Target, String> {
    let Some((name, part)) = text.split_once('@') else { return Ok(Target::Fragment(id(text)?, None)) };
    let part = match part.strip_prefix("va:") {
        Some(range) => span(range).map(|(start, length)| Part::Address(start, length)),
        None => span(part).map(|(offset, length)| Part::Offset(offset, length)),
    }?;
    Ok(Target::Fragment(id(name)?, Some(part)))
}

fn address(text: &str) -> Result<Target, String> {
    let (session, range) = text.split_once('@').ok_or("an address is missing after `@`")?;
    let (start, length) = span(range)?;
    Ok(Target::Address(id(session)?, start, length))
}

fn frame(text: &str) -> Result<Target, String> {
    let (symbols, number) = text.split_once('#').ok_or("a frame number is missing after `#`")?;
    let number = number.parse().map_err(|_| format!("`{number}` is not a frame number"))?;
    Ok(Target::Frame(id(symbols)?, number))
}

fn span(text: &str) -> Result<(u64, u64), String> {
    let range: super::range::ByteRange = text.parse().map_err(|e: super::range::InvalidRange| e.to_string())?;
    Ok((range.offset, range.length))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packet => f.write_str("packet"),
            Self::Lane => f.write_str("lane"),
            Self::Session(id) => write!(f, "session:{id}"),
            Self::Fragment(id, None) => write!(f, "fragment:{id}"),
            Self::Fragment(id, Some(Part::Offset(offset, length))) => write!(f, "fragment:{id}@{offset}+{length}"),
            Self::Fragment(id, Some(Part::Address(start, length))) => {
                write!(f, "fragment:{id}@va:0x{start:x}+{length}")
            }
            Self::Region(session, name) => write!(f, "region:{session}/{name}"),
            Self::Address(session, start, length) => write!(f, "va:{session}@0x{start:x}+{length}"),
            Self::Findings(fragment, class) => write!(f, "findings:{fragment}/{class}"),
            Self::Symbols(id) => write!(f, "symbols:{id}"),
            Self::Frame(id, number) => write!(f, "frame:{id}#{number}"),
            Self::Retention(session) => write!(f, "retention:{session}"),
            Self::Section(name) => write!(f, "section:{name}"),
            Self::Attachment(id) => write!(f, "attachment:{id}"),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = InvalidTarget;
    fn try_from(text: String) -> Result<Self, InvalidTarget> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> String {
        target.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_print_as_they_are_read() {
        for text in [
            "packet",
            "lane",
            "session:s1",
            "fragment:f1",
            "fragment:f1@16+32",
            "fragment:f1@va:0x7f00+16",
            "region:s1/stack-1",
            "va:s1@0x7f00+16",
            "findings:f1/email",
            "symbols:m",
            "frame:m#3",
            "retention:s1",
            "section:summary",
            "attachment:log",
        ] {
            assert_eq!(text.parse::<Target>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in
            ["", "Packet", "fragment:", "fragment:F", "fragment:f@", "fragment:f@1", "frame:m", "region:s1/", "x:y"]
        {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
