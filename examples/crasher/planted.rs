//! What lies in the crashing process, in one table: the program plants it, the tests look for it.
//!
//! Every value stands in one place only, so that a hit says which place it came from. All of them are reserved for
//! documentation and tests, or belong below a domain that can never exist (RFC 6761).

use std::io::Write as _;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// Where in the process a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A heap block, at an even address unless the encoding is two bytes wide: then see [`Address`].
    Heap(Address),
    /// The stack of the thread that crashes.
    CrashingStack,
    /// The stack of another thread.
    OtherStack,
    /// Vector registers of a running thread, all sixteen bytes of each: the value in quotes, because `memcpy` fills two
    /// neighbours with it.
    VectorRegister,
    /// A general register of a running thread: the first eight bytes of a value that the heap holds whole.
    GeneralRegister,
    /// The environment block.
    Environment,
    /// The command line.
    CommandLine,
    /// The name of a thread.
    ThreadName,
}

/// Which addresses a value on the heap has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    /// The first byte at an even address.
    Even,
    /// The first byte at an odd address.
    Odd,
    /// On both sides of a page border.
    AcrossPages,
}

/// How the value is written down there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One byte a character.
    Ascii,
    /// Two bytes a character, the low one first.
    Utf16Le,
    /// Two bytes a character, the high one first.
    Utf16Be,
    /// A text that holds the value, in base64.
    Base64,
    /// A text that holds the value, in the base64 of URLs, without padding.
    Base64Url,
    /// A text that holds the value, as a gzip member.
    Gzip,
    /// A text that holds the value, as a zlib stream.
    Zlib,
    /// A text that holds the value, as a gzip member in base64.
    GzipInBase64,
}

/// One planted value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planted {
    /// Where it lies.
    pub(crate) place: Place,
    /// Its class in the default taxonomy.
    pub(crate) class: &'static str,
    /// The value itself.
    pub(crate) value: &'static str,
    /// What stands before it.
    pub(crate) before: &'static str,
    /// How it is written down.
    pub(crate) encoding: Encoding,
}

const fn plant(
    place: Place,
    class: &'static str,
    before: &'static str,
    value: &'static str,
    encoding: Encoding,
) -> Planted {
    Planted { place, class, value, before, encoding }
}

const EVEN: Place = Place::Heap(Address::Even);
const ODD: Place = Place::Heap(Address::Odd);
const ACROSS: Place = Place::Heap(Address::AcrossPages);

/// All of it.
pub(crate) const PLANTED: &[Planted] = &[
    plant(EVEN, "email", "{\"to\":\"", "on-the-heap@example.test", Encoding::Ascii),
    plant(ODD, "payment-card", "card=", "4111111111111111", Encoding::Ascii),
    plant(EVEN, "iban", "account: ", "GB82 WEST 1234 5698 7654 32", Encoding::Ascii),
    plant(EVEN, "ipv4", "client_ip=", "203.0.113.77", Encoding::Ascii),
    plant(EVEN, "phone", "phone: ", "+1-202-555-0143", Encoding::Ascii),
    plant(EVEN, "email", "To: ", "wide-le-even@example.test", Encoding::Utf16Le),
    plant(ODD, "email", "To: ", "wide-le-odd@example.test", Encoding::Utf16Le),
    plant(EVEN, "email", "To: ", "wide-be-even@example.test", Encoding::Utf16Be),
    plant(ODD, "email", "To: ", "wide-be-odd@example.test", Encoding::Utf16Be),
    plant(ODD, "payment-card", "card number ", "5555 5555 5555 4444", Encoding::Utf16Le),
    plant(ACROSS, "email", "{\"to\":\"", "across-two-pages@example.test", Encoding::Ascii),
    plant(ACROSS, "phone", "phone: ", "+1-202-555-0166", Encoding::Utf16Le),
    plant(EVEN, "email", LETTER, "in-base64@example.test", Encoding::Base64),
    plant(ODD, "email", LETTER, "in-base64url@example.test", Encoding::Base64Url),
    plant(EVEN, "email", LETTER, "in-gzip@example.test", Encoding::Gzip),
    plant(ODD, "email", LETTER, "in-zlib@example.test", Encoding::Zlib),
    plant(EVEN, "email", LETTER, "in-gzip-in-base64@example.test", Encoding::GzipInBase64),
    plant(EVEN, "email", "To: ", "cut-in-half@example.test", Encoding::Ascii),
    plant(Place::GeneralRegister, "email", "", "cut-in-half@example.test", Encoding::Ascii),
    plant(Place::VectorRegister, "email", "\"", "v@example.test", Encoding::Ascii),
    plant(Place::CrashingStack, "payment-card", "POST /checkout card=", "378282246310005", Encoding::Ascii),
    plant(Place::CrashingStack, "email", "To: ", "wide-on-the-stack@example.test", Encoding::Utf16Le),
    plant(Place::OtherStack, "email", "receipt to ", "on-another-stack@example.test", Encoding::Ascii),
    plant(Place::Environment, "email", "", "in-the-environment@example.test", Encoding::Ascii),
    plant(Place::CommandLine, "email", "--customer=", "on-the-command-line@example.test", Encoding::Ascii),
    plant(Place::ThreadName, "email", "", "t7@example.test", Encoding::Ascii),
];

const LETTER: &str = "{\"order\":\"0000-1\",\"status\":\"the receipt could not be sent\",\"customer\":\"";

impl Planted {
    /// The bytes that lie in memory.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let text = format!("{}{}", self.before, self.value);
        let letter = format!("{text}\",\"retry\":true}}").into_bytes();
        match self.encoding {
            Encoding::Ascii => text.into_bytes(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Encoding::Base64 => Base64::encode_string(&letter).into_bytes(),
            Encoding::Base64Url => Base64UrlUnpadded::encode_string(&letter).into_bytes(),
            Encoding::Gzip => gzip(&letter),
            Encoding::GzipInBase64 => Base64::encode_string(&gzip(&letter)).into_bytes(),
            Encoding::Zlib => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&letter).and_then(|()| encoder.finish()).expect("a vector takes every byte")
            }
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a vector takes every byte")
}
