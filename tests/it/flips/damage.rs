//! Pieces of damage: one byte changed, the end cut off.

/// The bytes with one bit of one byte changed, every so many bytes; which bit goes round from byte to byte.
pub fn flips(bytes: &[u8], stride: usize) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..bytes.len()).step_by(stride).enumerate().map(|(i, at)| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (i % 8);
        (format!("bit {} of byte {at}", i % 8), changed)
    })
}

/// The bytes, cut off at some or every length.
pub fn cuts(bytes: &[u8], stride: usize) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..bytes.len()).step_by(stride).map(|length| (format!("the first {length} bytes"), bytes[..length].to_vec()))
}

/// A loose object file of these bytes: zlib with stored blocks, which every reader inflates.
pub fn loose_file(kind: &str, bytes: &[u8]) -> Vec<u8> {
    let mut content = format!("{kind} {}\0", bytes.len()).into_bytes();
    content.extend(bytes);
    let mut file = vec![0x78, 0x01];
    let blocks = content.chunks(0xffff);
    let last = blocks.len() - 1;
    for (i, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        file.push(u8::from(i == last));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(block);
    }
    file.extend(adler32(&content).to_be_bytes());
    file
}

/// The checksum of zlib (RFC 1950).
fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    b << 16 | a
}
