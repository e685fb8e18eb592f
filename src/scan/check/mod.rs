//! Checks: what a match must pass beyond its shape. A taxonomy names them; this is the list of all there are.
//!
//! A check sees the match and the bytes around it, may shorten the match (an IBAN's country says how long it is), and
//! says *no*, *it fits* or how sure it is. Checks keep nothing and print nothing.

mod money;
mod net;
mod person;
mod phone;
mod place;
mod token;

use crate::model::finding::Confidence;

/// A match, among the bytes around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    /// The text it stands in.
    pub(super) text: &'a [u8],
    /// Where its value begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is none.
    No,
    /// Nothing speaks against it.
    Fits,
    /// It is one, as sure as this.
    Sure(Confidence),
}

impl From<bool> for Judgement {
    fn from(fits: bool) -> Self {
        if fits { Self::Fits } else { Self::No }
    }
}

/// High when it holds, else no.
fn proven(holds: bool) -> Judgement {
    if holds { Judgement::Sure(Confidence::High) } else { Judgement::No }
}

/// A check.
pub(super) type Check = fn(&mut Candidate<'_>) -> Judgement;

/// Every check, by the name that taxonomies use.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("aadhaar", person::aadhaar),
    ("ahv", person::ahv),
    ("assigned-secret", token::assigned_secret),
    ("basic-auth", token::basic_auth),
    ("bsn", person::bsn),
    ("card", money::card),
    ("cn-id", person::cn_id),
    ("codice-fiscale", person::codice_fiscale),
    ("cookie", token::cookie),
    ("cpf", person::cpf),
    ("dni", person::dni),
    ("email", net::email),
    ("fodselsnummer", person::fodselsnummer),
    ("has-digit", token::has_digit),
    ("hetu", person::hetu),
    ("iban", money::iban),
    ("ipv4", net::ipv4),
    ("ipv6", net::ipv6),
    ("jwt", token::jwt),
    ("lat-lon", place::lat_lon),
    ("luhn", money::luhn_digits),
    ("mac", net::mac),
    ("nhs", person::nhs),
    ("nino", person::nino),
    ("nir", person::nir),
    ("personnummer", person::personnummer),
    ("pesel", person::pesel),
    ("phone-international", phone::international),
    ("phone-nanp", phone::nanp),
    ("phone-national", phone::national),
    ("quoted", token::quoted),
    ("random", token::random),
    ("rijksregister", person::rijksregister),
    ("secret", token::secret),
    ("sin", person::sin),
    ("ssn", person::ssn),
    ("steuer-id", person::steuer_id),
    ("tfn", person::tfn),
    ("url-password", token::url_password),
    ("url-query", net::url_query),
    ("user-path", place::user_path),
    ("uuid", token::uuid),
];

/// The check of this name.
pub(super) fn named(name: &str) -> Option<Check> {
    CHECKS.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
}

/// Up to 40 digits.
pub(super) struct Digits {
    digits: [u8; 40],
    count: usize,
}

impl std::ops::Deref for Digits {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.digits[..self.count]
    }
}

impl<'a> Candidate<'a> {
    /// The value.
    pub(super) fn value(&self) -> &'a [u8] {
        &self.text[self.start..self.end]
    }

    /// Up to `most` bytes right before the value.
    pub(super) fn before(&self, most: usize) -> &'a [u8] {
        &self.text[self.start.saturating_sub(most)..self.start]
    }

    /// Up to `most` bytes right behind it.
    pub(super) fn after(&self, most: usize) -> &'a [u8] {
        &self.text[self.end..(self.end + most).min(self.text.len())]
    }

    /// Its digits, as numbers; the first 40.
    pub(super) fn digits(&self) -> Digits {
        let mut found = Digits { digits: [0; 40], count: 0 };
        for byte in self.value().iter().filter(|b| b.is_ascii_digit()).take(40) {
            found.digits[found.count] = byte - b'0';
            found.count += 1;
        }
        found
    }
}

/// Whether all are the same, or each follows the one before: what people type to fill a field.
pub(super) fn is_filler(digits: &[u8]) -> bool {
    let steps = |by: u8| digits.windows(2).all(|two| (two[0] + by) % 10 == two[1]);
    digits.len() > 1 && (steps(0) || steps(1) || steps(9))
}

/// The last letters and digits before the value, in lower case, within `most` bytes: the word that introduces it.
pub(super) fn word_before(before: &[u8]) -> &[u8] {
    let end = before.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1);
    let start = before[..end].iter().rposition(|b| !b.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    &before[start..end]
}
