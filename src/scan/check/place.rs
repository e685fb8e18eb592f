//! Where somebody is: on the earth, and in the file system.

use super::{Candidate, Judgement};
use crate::model::finding::Confidence;

/// Two decimal numbers, the first within 90 and the second within 180, with enough places to point at a building.
pub(super) fn lat_lon(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let mut numbers = value.split(|b| !(b.is_ascii_digit() || *b == b'.')).filter(|n| n.contains(&b'.'));
    let (Some(lat), Some(lon), None) = (numbers.next(), numbers.next(), numbers.next()) else { return Judgement::No };
    let read = |number: &[u8]| std::str::from_utf8(number).ok().and_then(|t| t.parse::<f64>().ok());
    let places = |number: &[u8]| number.iter().rev().position(|b| *b == b'.').unwrap_or(0);
    let (Some(latitude), Some(longitude)) = (read(lat), read(lon)) else { return Judgement::No };
    let on_earth = latitude <= 90.0 && longitude <= 180.0 && (latitude > 1.0 || longitude > 1.0);
    let precise = places(lat).min(places(lon));
    match on_earth {
        true if precise >= 5 => Judgement::Sure(Confidence::Medium),
        true => Judgement::Sure(Confidence::Low),
        false => Judgement::No,
    }
}

/// Names of directories that belong to no person.
const NOBODY: &[&[u8]] = &[
    b"public",
    b"default",
    b"all",
    b"shared",
    b"guest",
    b"runner",
    b"build",
    b"builder",
    b"buildd",
    b"vagrant",
    b"ubuntu",
    b"user",
    b"username",
    b"users",
    b"root",
    b"runneradmin",
    b"containeradministrator",
    b"appveyor",
    b"travis",
    b"circleci",
    b"jenkins",
    b"linuxbrew",
    b"conda",
    b"you",
    b"me",
    b"name",
    b"src",
    b"lib",
    b"bin",
];

/// A home directory that is somebody's.
pub(super) fn user_path(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let name = value.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or_default();
    let name = name.split(|b| *b == b' ').next().unwrap_or_default();
    let template = name.iter().any(|b| b"%${}<>*?".contains(b)) || name.starts_with(b".");
    (!name.is_empty() && !template && !NOBODY.contains(&name.to_ascii_lowercase().as_slice())).into()
}
