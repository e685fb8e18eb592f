//! National identity, tax and health numbers: the check digits that their issuers publish, and what is never issued.

use super::money::luhn;
use super::{Candidate, Judgement, is_filler, proven};
use crate::model::finding::Confidence;

fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(&digit, weight)| u32::from(digit) * weight).sum()
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, &digit| sum * 10 + u64::from(digit))
}

/// United States: area not 000, 666 or from 900 on; group and serial not zero; not the numbers of advertisements.
pub(super) fn ssn(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if digits.len() != 9 {
        return Judgement::No;
    }
    let (area, group, serial) = (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..]));
    let issued = area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
    let printed = matches!(number(&digits), 78_051_120 | 219_099_999);
    (issued && !printed && !is_filler(&digits)).into()
}

/// United Kingdom, National Insurance: which letters are in use.
pub(super) fn nino(candidate: &mut Candidate<'_>) -> Judgement {
    let value: Vec<u8> =
        candidate.value().iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect();
    let [first, second, ..] = value[..] else { return Judgement::No };
    let letters = !b"DFIQUV".contains(&first) && !b"DFIOQUV".contains(&second);
    let never: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    (letters && !never.contains(&&value[..2])).into()
}

/// United Kingdom, NHS: modulo 11.
pub(super) fn nhs(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if digits.len() != 10 || is_filler(&digits) {
        return Judgement::No;
    }
    let check = 11 - weighted(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    proven(check != 10 && check % 11 == u32::from(digits[9]))
}

/// Canada: Luhn; 0 and 8 begin none.
pub(super) fn sin(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    proven(digits.len() == 9 && !matches!(digits[0], 0 | 8) && luhn(&digits) && !is_filler(&digits))
}

const VERHOEFF_TIMES: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];
const VERHOEFF_TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// India: the Verhoeff sum is zero.
pub(super) fn aadhaar(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let turned = |digit: u8, times: usize| (0..times % 8).fold(digit, |d, _| VERHOEFF_TURN[usize::from(d)]);
    let sum = digits
        .iter()
        .rev()
        .enumerate()
        .fold(0_u8, |sum, (at, &digit)| VERHOEFF_TIMES[usize::from(sum)][usize::from(turned(digit, at))]);
    proven(digits.len() == 12 && digits[0] > 1 && sum == 0 && !is_filler(&digits))
}

/// Brazil, CPF: two check digits modulo 11.
pub(super) fn cpf(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let check = |count: usize| {
        let weights: Vec<u32> = (2..=count as u32 + 1).rev().collect();
        u8::try_from(weighted(&digits[..count], &weights) * 10 % 11 % 10).unwrap_or(10)
    };
    proven(digits.len() == 11 && !is_filler(&digits) && check(9) == digits[9] && check(10) == digits[10])
}

/// Spain, DNI and NIE: a letter modulo 23.
pub(super) fn dni(candidate: &mut Candidate<'_>) -> Judgement {
    let value: Vec<u8> =
        candidate.value().iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase).collect();
    let Some((&letter, body)) = value.split_last() else { return Judgement::No };
    let lead = body.iter().map(|b| match b {
        b'X'..=b'Z' => u64::from(b - b'X'),
        digit => u64::from(digit.wrapping_sub(b'0')),
    });
    let rest = lead.fold(0_u64, |sum, digit| sum * 10 + digit) % 23;
    proven(body.len() == 8 && b"TRWAGMYFPDXBNJZSQVHLCKE"[rest as usize] == letter)
}

const CODICE_ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// Italy: a check letter over values that differ by place.
pub(super) fn codice_fiscale(candidate: &mut Candidate<'_>) -> Judgement {
    let value: Vec<u8> = candidate.value().iter().map(u8::to_ascii_uppercase).collect();
    let worth = |b: u8| u32::from(if b.is_ascii_digit() { b - b'0' } else { b.wrapping_sub(b'A') });
    let sum = value.iter().take(15).enumerate().map(|(at, &b)| match at % 2 {
        0 => CODICE_ODD[worth(b) as usize % 26],
        _ => worth(b),
    });
    proven(value.len() == 16 && sum.sum::<u32>() % 26 == worth(value[15]))
}

/// France: 97 less the number modulo 97; Corsica's departments count as 19 and 18.
pub(super) fn nir(candidate: &mut Candidate<'_>) -> Judgement {
    let value: Vec<u8> = candidate.value().iter().filter(|b| b.is_ascii_alphanumeric()).copied().collect();
    if value.len() != 15 {
        return Judgement::No;
    }
    let corsica = match value[6] {
        b'A' | b'a' => 1_000_000,
        b'B' | b'b' => 2_000_000,
        _ => 0,
    };
    let digit = |b: &u8| if b.is_ascii_digit() { b - b'0' } else { 0 };
    let digits: Vec<u8> = value.iter().map(digit).collect();
    let month = number(&digits[3..5]);
    let fits = matches!(digits[0], 1..=4 | 7 | 8) && matches!(month, 1..=12 | 20 | 30..=42 | 50..=99);
    proven(fits && 97 - (number(&digits[..13]) - corsica) % 97 == number(&digits[13..]))
}

/// Germany, tax id: ISO 7064 modulo 11,10; one digit twice or thrice among the first ten.
pub(super) fn steuer_id(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if digits.len() != 11 || digits[0] == 0 {
        return Judgement::No;
    }
    let product = digits[..10].iter().fold(10_u32, |product, &digit| {
        let sum = (u32::from(digit) + product) % 10;
        if sum == 0 { 20 % 11 } else { sum * 2 % 11 }
    });
    let count = |digit: u8| digits[..10].iter().filter(|d| **d == digit).count();
    let repeated = (0..10).filter(|digit| count(*digit) > 1).count();
    proven((11 - product) % 10 == u32::from(digits[10]) && repeated == 1 && (0..10).all(|digit| count(digit) < 4))
}

/// The Netherlands: the eleven test.
pub(super) fn bsn(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if digits.len() != 9 || is_filler(&digits) {
        return Judgement::No;
    }
    let sum = weighted(&digits[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) + 10 * 11 - u32::from(digits[8]);
    proven(sum.is_multiple_of(11))
}

/// Poland: weights 1, 3, 7, 9, and a month that tells the century.
pub(super) fn pesel(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if digits.len() != 11 {
        return Judgement::No;
    }
    let (month, day) = (number(&digits[2..4]) % 20, number(&digits[4..6]));
    let sum = weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    proven((1..=12).contains(&month) && (1..=31).contains(&day) && sum.is_multiple_of(10))
}

/// Switzerland: an EAN-13 that begins with 756.
pub(super) fn ahv(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let sum = weighted(&digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    proven(digits.len() == 13 && digits[..3] == [7, 5, 6] && sum.is_multiple_of(10))
}

/// China: a date of birth, and ISO 7064 modulo 11,2.
pub(super) fn cn_id(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    if value.len() != 18 {
        return Judgement::No;
    }
    let digits: Vec<u8> = value[..17].iter().map(|b| b.wrapping_sub(b'0')).collect();
    let (year, month, day) = (number(&digits[6..10]), number(&digits[10..12]), number(&digits[12..14]));
    let dated = (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let sum = weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let check = b"10X98765432"[sum as usize % 11];
    match dated && check == value[17].to_ascii_uppercase() {
        true => Judgement::Sure(Confidence::High),
        false => Judgement::No,
    }
}

fn is_date(month: u64, day: u64) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Sweden: a date of birth (coordination numbers count days from 61), and Luhn over the last ten digits.
pub(super) fn personnummer(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let Some(ten) = digits.len().checked_sub(10).map(|from| &digits[from..]) else { return Judgement::No };
    let (month, day) = (number(&ten[2..4]), number(&ten[4..6]));
    proven(is_date(month, day % 60) && luhn(ten))
}

/// Finland: a date of birth, and a check character modulo 31.
pub(super) fn hetu(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let [.., last] = value else { return Judgement::No };
    let digits = candidate.digits();
    if value.len() != 11 || digits.len() < 9 {
        return Judgement::No;
    }
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(number(&digits[..9]) % 31) as usize];
    proven(is_date(number(&digits[2..4]), number(&digits[..2])) && check == last.to_ascii_uppercase())
}

/// Belgium: 97 less the number modulo 97; from 2000 on with a 2 before it.
pub(super) fn rijksregister(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if digits.len() != 11 || is_filler(&digits) {
        return Judgement::No;
    }
    let (born, check) = (number(&digits[..9]), number(&digits[9..]));
    let month = number(&digits[2..4]) % 20;
    proven(month <= 12 && [born, born + 2_000_000_000].iter().any(|born| 97 - born % 97 == check))
}

/// Australia, tax file number: weights modulo 11.
pub(super) fn tfn(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    let sum = weighted(&digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]);
    proven(digits.len() == 9 && sum.is_multiple_of(11) && !is_filler(&digits))
}

/// Norway: two check digits modulo 11.
pub(super) fn fodselsnummer(candidate: &mut Candidate<'_>) -> Judgement {
    let digits = candidate.digits();
    if digits.len() != 11 || is_filler(&digits) {
        return Judgement::No;
    }
    let first = weighted(&digits[..10], &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
    let second = weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    proven(first.is_multiple_of(11) && second.is_multiple_of(11))
}
