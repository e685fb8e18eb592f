//! Base64, both alphabets.

/// What a character stands for; 64 and more for none.
const fn table() -> [u8; 256] {
    let mut table = [0xFF; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < 64 {
        table[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
}

/// What each byte stands for; 255 for none.
pub(super) const VALUE: [u8; 256] = table();

/// Decodes up to the first character that stands for nothing.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    decode_into(text, &mut out);
    out
}

/// Decodes onto the end of `out`.
pub(super) fn decode_into(text: &[u8], out: &mut Vec<u8>) {
    for four in text.chunks(4) {
        let mut bits = 0_u32;
        let mut count = 0_usize;
        for &byte in four {
            let value = VALUE[usize::from(byte)];
            if value == 0xFF {
                break;
            }
            bits = bits << 6 | u32::from(value);
            count += 1;
        }
        let bytes = (bits << (6 * (4 - count)) << 8).to_be_bytes();
        out.extend_from_slice(&bytes[..count.saturating_sub(1).min(3)]);
        if count < 4 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_and_any_padding_decode() {
        for text in ["YWJj", "YWI=", "YWI", "YQ==", "YQ", "-_-_", "+/+/"] {
            let decoded = decode(text.as_bytes());
            assert_eq!(decoded.len(), text.trim_end_matches('=').len() * 3 / 4, "{text}");
        }
        assert_eq!(decode(b"YWJjZGU="), b"abcde");
        assert_eq!(decode(b"-_-_"), decode(b"+/+/"));
    }
}
