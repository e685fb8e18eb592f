//! Tokens and secrets: what can be decoded, and what is random enough to be one.

use super::{Candidate, Judgement, proven};
use crate::model::finding::Confidence;
use crate::scan::base64;

/// A header that decodes to a JSON object with `alg`.
pub(super) fn jwt(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let Some(header) = value.split(|b| *b == b'.').next() else { return Judgement::No };
    let decoded = base64::decode(header);
    proven(decoded.starts_with(b"{") && decoded.windows(5).any(|five| five == b"\"alg\""))
}

/// Decodes to a name, a colon and a password.
pub(super) fn basic_auth(candidate: &mut Candidate<'_>) -> Judgement {
    let decoded = base64::decode(candidate.value());
    let readable = decoded.iter().all(|b| (0x20..0x7F).contains(b) || *b >= 0x80);
    let colon = decoded.iter().position(|b| *b == b':');
    proven(readable && colon.is_some_and(|at| at > 0 && at + 1 < decoded.len()))
}

/// At least one pair of a name and a value that is long enough to tell somebody apart, and no placeholder.
pub(super) fn cookie(candidate: &mut Candidate<'_>) -> Judgement {
    let told = |pair: &[u8]| {
        let Some(at) = pair.iter().position(|b| *b == b'=') else { return false };
        let value = &pair[at + 1..];
        let template = value.iter().any(|b| b"<>{}[]$*".contains(b)) && !value.iter().any(u8::is_ascii_digit);
        let attribute = [&b"path"[..], b"domain", b"expires", b"max-age", b"samesite", b"version"];
        let name = pair[..at].trim_ascii().to_ascii_lowercase();
        at > 0
            && value.len() > 3
            && !template
            && !matches!(value[..2], [b'%', b's' | b'd' | b'.'])
            && !attribute.contains(&name.as_slice())
            && !NO_SECRETS.contains(&value.to_ascii_lowercase().as_slice())
    };
    candidate.value().split(|b| *b == b';').any(told).into()
}

/// Digits, and not only one character again and again: three, or one in a longer mixture.
pub(super) fn has_digit(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let varied = value.iter().any(|b| b.is_ascii_digit() && *b != b'0') && distinct(value) > 2;
    let mixture = digits > 0 && value.len() >= 8 && distinct(value) > 4;
    (varied && (digits >= 3 || mixture)).into()
}

/// A literal: the closing quote, which is as the one before it, is cut off.
pub(super) fn quoted(candidate: &mut Candidate<'_>) -> Judgement {
    let closing = candidate.value().last().copied();
    candidate.end -= 1;
    (closing.is_some() && candidate.before(1).first().copied() == closing).into()
}

fn distinct(value: &[u8]) -> u32 {
    let mut seen = [0_u64; 4];
    for &byte in value {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    seen.iter().map(|word| word.count_ones()).sum()
}

/// Looks drawn at random: enough distinct characters, of two kinds at least, or long hex.
pub(super) fn random(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let distinct = distinct(value) as usize;
    let kinds = usize::from(value.iter().any(u8::is_ascii_digit))
        + usize::from(value.iter().any(u8::is_ascii_lowercase))
        + usize::from(value.iter().any(u8::is_ascii_uppercase));
    let enough = distinct >= (value.len() / 3).clamp(5, 12);
    let turns = value.windows(2).filter(|two| two[0].is_ascii_lowercase() != two[1].is_ascii_lowercase()).count();
    let word = value.iter().all(|b| b.is_ascii_alphabetic() || b"_-.".contains(b)) && value.len() < 24 && turns < 6;
    (enough && kinds > 1 && !word).into()
}

/// What stands where a secret would, and is none.
const NO_SECRETS: &[&[u8]] = &[
    b"null",
    b"none",
    b"true",
    b"false",
    b"nil",
    b"undefined",
    b"password",
    b"passwd",
    b"secret",
    b"changeme",
    b"string",
    b"required",
    b"optional",
    b"redacted",
    b"hidden",
    b"masked",
    b"empty",
    b"default",
    b"unknown",
    b"test",
    b"example",
    b"placeholder",
    b"function",
    b"return",
    b"const",
    b"self",
    b"this",
    b"value",
    b"token",
    b"error",
];

/// Neither a placeholder nor a word of code.
pub(super) fn secret(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let trimmed = value.len() - value.iter().rev().take_while(|b| b".,;:)]}\"'>`".contains(b)).count();
    candidate.end = candidate.start + trimmed;
    let value = candidate.value();
    let lower = value.to_ascii_lowercase();
    let template = value.iter().any(|b| b"<>{}".contains(b)) && !value.iter().any(u8::is_ascii_digit)
        || value.starts_with(b"$")
        || value.starts_with(b"%")
        || value.starts_with(b"[")
        || value.starts_with(b"(")
        || value.contains(&b'(') && value.contains(&b')');
    let word = value.iter().all(|b| b.is_ascii_lowercase() || *b == b'_' || *b == b'.') && value.len() < 8;
    if value.len() < 4 || distinct(value) < 3 || template || NO_SECRETS.contains(&lower.as_slice()) {
        return Judgement::No;
    }
    if word { Judgement::Sure(Confidence::Low) } else { Judgement::Fits }
}

/// `NAME=value`: the value is a [`secret`]; the name is cut off.
pub(super) fn assigned_secret(candidate: &mut Candidate<'_>) -> Judgement {
    let Some(sign) = candidate.value().iter().position(|b| *b == b'=') else { return Judgement::No };
    candidate.start += sign + 1;
    let quoted = matches!(candidate.value().first(), Some(b'"' | b'\''));
    candidate.start += usize::from(quoted);
    let end = candidate.value().iter().position(|b| b"\"'`".contains(b)).filter(|_| quoted);
    candidate.end = end.map_or(candidate.end, |length| candidate.start + length);
    match secret(candidate) {
        Judgement::No => Judgement::No,
        _ => Judgement::Sure(Confidence::High),
    }
}

/// The password of `user:password@host`; the sign is cut off.
pub(super) fn url_password(candidate: &mut Candidate<'_>) -> Judgement {
    candidate.end -= 1;
    let host = candidate.after(2).get(1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'[');
    if host { secret(candidate) } else { Judgement::No }
}

/// A version and a variant that are in use.
pub(super) fn uuid(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let version = matches!(value[14], b'1'..=b'8');
    let variant = matches!(value[19], b'8' | b'9' | b'a' | b'b' | b'A' | b'B');
    (version && variant && distinct(value) > 4).into()
}
