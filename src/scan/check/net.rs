//! Names and addresses of the network.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Candidate, Judgement, word_before};
use crate::model::finding::Confidence;

/// Endings that look like a domain's and are a file's.
const FILE_ENDINGS: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"html", b"htm", b"dll", b"exe", b"txt", b"log", b"xml",
    b"json", b"yaml", b"yml", b"toml", b"cpp", b"hpp", b"java", b"class", b"bin", b"dat", b"tmp", b"plt", b"service",
    b"timer", b"socket", b"target", b"mount", b"slice", b"scope", b"conf", b"cfg", b"ini", b"lock", b"dylib",
];

/// A mailbox at a domain: labels that are names, and an ending that is no file's. Text that stands against it without a gap
/// (an ellipsis before, a sentence behind) is left out of it.
pub(super) fn email(candidate: &mut Candidate<'_>) -> Judgement {
    let Some(at) = candidate.value().iter().position(|b| *b == b'@') else { return Judgement::No };
    let at = candidate.start + at;
    candidate.start = local_start(candidate.text, candidate.start, at);
    candidate.end = at + 1 + named_length(&candidate.text[at + 1..candidate.end]);
    let value = candidate.value();
    let (local, domain) = (&candidate.text[candidate.start..at], &candidate.text[at + 1..candidate.end]);
    let Some(dot) = domain.iter().rposition(|b| *b == b'.') else { return Judgement::No };
    let lower = domain[dot + 1..].to_ascii_lowercase();
    let letters = lower.len() > 1 && lower.iter().all(u8::is_ascii_alphabetic);
    if local.is_empty() || local.ends_with(b".") || !letters || FILE_ENDINGS.contains(&lower.as_slice()) {
        return Judgement::No;
    }
    let ending = &domain[dot + 1..];
    if value.len() < UNDOUBTED && is_mixed(ending) {
        return Judgement::No;
    }
    let name = domain.len() - ending.len() - 1;
    let long_enough = value.len() >= 8 || local.len() > 1 && domain.len() > 4;
    match is_ending(&lower) {
        true if long_enough => Judgement::Sure(Confidence::High),
        true => is_set_apart(candidate).into(),
        // No country has these two letters.
        false if lower.len() == 2 || !long_enough => Judgement::No,
        false if value.len() < UNDOUBTED && (local.len() < 2 || name < 2) => Judgement::No,
        false => Judgement::Sure(Confidence::Medium),
    }
}

/// An address of so many characters is none by chance: what noise holds is shorter.
const UNDOUBTED: usize = 12;

/// Whether small and capital letters stand together as nobody writes them: `cO`, `Fj`, but not `Com`.
fn is_mixed(ending: &[u8]) -> bool {
    let small = ending.iter().any(u8::is_ascii_lowercase);
    let is_title = ending.len() > 2 && ending[1..].iter().all(u8::is_ascii_lowercase);
    small && !is_title && ending.iter().any(u8::is_ascii_uppercase)
}

/// Where the part before the `@` begins: no two dots stand together in it, and none begins it.
fn local_start(text: &[u8], start: usize, at: usize) -> usize {
    match text[start..at].windows(2).rposition(|two| two == b"..") {
        Some(dots) => start + dots + 2,
        None => start + usize::from(text[start] == b'.'),
    }
}

/// How much of it is the name of a domain: up to a label that is none, and of `example.testThe`, which stands against the
/// next sentence, up to the ending that everyone knows. Nothing when it ends like `SomeText`.
fn named_length(domain: &[u8]) -> usize {
    let mut length = 0;
    for label in domain.split(|b| *b == b'.') {
        let dashes = label.iter().rev().take_while(|b| **b == b'-').count();
        let name = &label[..label.len() - dashes];
        if name.is_empty() || name.len() > 63 || name.starts_with(b"-") {
            break;
        }
        length += name.len() + usize::from(length > 0);
        if dashes > 0 {
            break;
        }
    }
    let ending = domain[..length].iter().rposition(|b| *b == b'.').map_or(length, |dot| dot + 1);
    let ending = &domain[ending..length];
    // `SomeText` and `tEST` are no endings; `com`, `COM` and `Com` are.
    let capital = ending.iter().skip(1).position(u8::is_ascii_uppercase).map(|at| at + 1);
    match capital.filter(|_| ending.iter().any(u8::is_ascii_lowercase)) {
        None => length,
        Some(capital) if GENERIC.contains(&&ending[..capital]) => length - ending.len() + capital,
        Some(_) => 0,
    }
}

/// The two letters of countries and territories (ISO 3166-1, and the few that the root zone has beside).
const COUNTRIES: &[u8] =
    b"acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbvbwbybzcacccdcfcgchcickclcmcncocrcucvcwcxcycz\
    dedjdkdmdodzeceeegereseteufifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthuidieiliminioiqirisitje\
    jmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemgmhmkmlmmmnmompmqmrmsmtmumvmwmxmymznancnenfngninlno\
    npnrnunzompapepfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsisjskslsmsnsosrssstsusvsxsysztctdtftgthtjtktl\
    tmtntotrtttvtwtzuaugukusuyuzvavcvevgvivnvuwfwsyeytzazmzw";

/// The oldest endings that name no country, the newer ones that are much used, and the reserved ones (RFC 2606, RFC 6762).
const GENERIC: &[&[u8]] = &[
    b"com",
    b"org",
    b"net",
    b"edu",
    b"gov",
    b"mil",
    b"int",
    b"info",
    b"biz",
    b"name",
    b"mobi",
    b"app",
    b"dev",
    b"cloud",
    b"online",
    b"xyz",
    b"test",
    b"example",
    b"invalid",
    b"local",
    b"internal",
    b"arpa",
    b"email",
];

/// Endings that need no second look.
fn is_ending(lower: &[u8]) -> bool {
    let country = lower.len() == 2 && COUNTRIES.chunks(2).any(|known| known == lower);
    country || GENERIC.contains(&lower)
}

/// Between spaces, quotes or brackets: for what is too short to be believed among noise.
fn is_set_apart(candidate: &Candidate<'_>) -> bool {
    let apart = |byte: Option<&u8>| byte.is_none_or(|b| b" \t\r\n\"'<>()[]{},;:=|\0".contains(b));
    apart(candidate.before(1).last()) && apart(candidate.after(1).first())
}

/// Words that introduce a version.
const VERSION_WORDS: &[&[u8]] = &[
    b"version",
    b"ver",
    b"v",
    b"rev",
    b"revision",
    b"release",
    b"build",
    b"kernel",
    b"lib",
    b"so",
    b"linux",
    b"driver",
    b"firmware",
    b"fw",
    b"sdk",
    b"api",
    b"package",
    b"pkg",
    b"upgrade",
    b"upgraded",
    b"downgrade",
    b"oid",
    b"section",
    b"chapter",
    b"fileversion",
    b"productversion",
    b"assembly",
    b"publickeytoken",
    b"assemblyversion",
    b"clr",
    b"gcc",
    b"openssl",
    b"python",
    b"java",
    b"jdk",
    b"jre",
    b"node",
    b"ruby",
    b"php",
    b"perl",
    b"go",
    b"rust",
    b"dotnet",
    b"chrome",
    b"firefox",
    b"safari",
    b"edge",
    b"opera",
    b"windows",
    b"android",
    b"ios",
    b"ubuntu",
    b"debian",
];

/// An address that can belong to a host: not a version, and not of a range that belongs to nobody.
pub(super) fn ipv4(candidate: &mut Candidate<'_>) -> Judgement {
    let Some(address) = text(candidate.value()).and_then(|t| t.parse::<Ipv4Addr>().ok()) else { return Judgement::No };
    let octets = address.octets();
    if octets[0] == 0 || octets[0] >= 224 || address.is_loopback() || is_version(candidate, octets) {
        return Judgement::No;
    }
    let local = address.is_private() || address.is_link_local() || octets[..2] == [100, 64];
    Judgement::Sure(match () {
        () if local || address.is_documentation() && octets[3] == 0 => Confidence::Low,
        () if octets.iter().all(|octet| *octet < 20) => Confidence::Low,
        () => Confidence::Medium,
    })
}

fn is_version(candidate: &Candidate<'_>, octets: [u8; 4]) -> bool {
    let before = candidate.before(24);
    let word = word_before(before);
    let gap = &before[before.len() - before.iter().rev().take_while(|b| !b.is_ascii_alphanumeric()).count()..];
    let introduced = gap.len() <= 4
        && VERSION_WORDS.iter().any(|w| w.eq_ignore_ascii_case(word) || word.len() > 6 && ends_with(word, b"version"));
    // `Product/120.0.0.0` and `name-1.2.3.4`: a name, a stroke, a number.
    let product =
        matches!(gap, b"/" | b"-" | b"_") && !word.is_empty() && octets.iter().filter(|o| **o == 0).count() > 1;
    let tail = matches!(candidate.after(2), [b'-' | b'+' | b'~', b] if b.is_ascii_alphanumeric());
    let named = matches!(gap, b"-" | b"_" | b".") && word.iter().any(u8::is_ascii_alphabetic);
    introduced || product || tail || named
}

fn ends_with(word: &[u8], end: &[u8]) -> bool {
    word.len() >= end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// An address of the ranges in use: global unicast, unique local, link local, mapped.
pub(super) fn ipv6(candidate: &mut Candidate<'_>) -> Judgement {
    let beside = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b':');
    if beside(candidate.before(1).last()) || beside(candidate.after(1).first()) {
        return Judgement::No;
    }
    let Some(address) = text(candidate.value()).and_then(|t| t.parse::<Ipv6Addr>().ok()) else { return Judgement::No };
    let groups = address.segments();
    let filled = groups.iter().filter(|group| **group != 0).count();
    let used = matches!(groups[0], 0x2000..=0x3FFF | 0xFC00..=0xFDFF) && filled > 2
        || matches!(groups[0], 0xFE80..=0xFEBF) && filled > 1
        || groups[..2] == [0x64, 0xFF9B]
        || address.to_ipv4_mapped().is_some_and(|v4| !v4.is_loopback() && !v4.is_unspecified());
    let documentation = groups[..2] == [0x2001, 0xDB8] && filled > 1 && (filled > 2 || groups[7] != 0);
    match used || documentation {
        true => Judgement::Sure(Confidence::Medium),
        false => Judgement::No,
    }
}

/// One interface's address: one separator throughout, not zero, not everybody's, not part of a longer dump of bytes.
pub(super) fn mac(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let separator = value[2];
    let mut bytes = value.split(|b| *b == separator);
    let uniform = bytes.clone().count() == 6 && bytes.all(|pair| pair.len() == 2);
    let hex: Vec<u8> = value.iter().filter(|b| **b != separator).map(u8::to_ascii_lowercase).collect();
    let same = hex.iter().all(|b| *b == hex[0]);
    let group = |b: u8| if b.is_ascii_digit() { b - b'0' } else { b.wrapping_sub(b'a' - 10) };
    let multicast = hex.get(1).is_some_and(|b| group(*b) & 1 == 1);
    let joined = |two: &[u8]| matches!(two, [a, b] if (*a == separator) != (*b == separator) && (a.is_ascii_hexdigit() || b.is_ascii_hexdigit()));
    (uniform && !same && !multicast && !joined(candidate.before(2)) && !joined(candidate.after(2))).into()
}

/// A query that gives some name a value.
pub(super) fn url_query(candidate: &mut Candidate<'_>) -> Judgement {
    let value = candidate.value();
    let trimmed = value.len() - value.iter().rev().take_while(|b| b".,;:!?)]}".contains(b)).count();
    candidate.end = candidate.start + trimmed;
    let Some(mark) = candidate.value().iter().position(|b| *b == b'?') else { return Judgement::No };
    let query = &candidate.value()[mark + 1..];
    let given = |pair: &[u8]| pair.iter().position(|b| *b == b'=').is_some_and(|at| at > 0 && at + 1 < pair.len());
    // `?x=%s` and `?x={id}` are templates.
    let template = |pair: &[u8]| {
        pair.windows(2).any(|two| matches!(two, b"=%" | b"={" | b"=$" | b"=<"))
            && !pair
                .windows(3)
                .any(|three| three[0] == b'%' && three[1].is_ascii_hexdigit() && three[2].is_ascii_hexdigit())
    };
    query.split(|b| *b == b'&').any(|pair| given(pair) && !template(pair)).into()
}
