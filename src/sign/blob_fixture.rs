//! An SSHSIG blob written by hand, for tests: to spell it wrongly in ways that the library never would.

use ssh_key::SshSig;

/// The fields that a test may spell differently; the rest is copied from a good signature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelling {
    pub(crate) version: u32,
    pub(crate) reserved: &'static [u8],
    pub(crate) after_key: &'static [u8],
    pub(crate) after_signature: &'static [u8],
    pub(crate) after_all: &'static [u8],
}

impl Spelling {
    /// As OpenSSH writes it.
    pub(crate) const GOOD: Self =
        Self { version: 1, reserved: b"", after_key: b"", after_signature: b"", after_all: b"" };

    /// The armour of a good signature, spelled this way.
    pub(crate) fn armour(self, good: &SshSig) -> String {
        let key = ssh_key::PublicKey::from(good.public_key().clone()).to_bytes().unwrap();
        let signature = Vec::<u8>::try_from(good.signature().clone()).unwrap();
        let blob = [
            b"SSHSIG".to_vec(),
            self.version.to_be_bytes().to_vec(),
            string(&[key, self.after_key.to_vec()].concat()),
            string(good.namespace().as_bytes()),
            string(self.reserved),
            string(good.hash_alg().as_str().as_bytes()),
            string(&[signature, self.after_signature.to_vec()].concat()),
            self.after_all.to_vec(),
        ];
        armour(&blob.concat())
    }
}

/// A string of the SSH wire format (RFC 4251, section 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn armour(blob: &[u8]) -> String {
    let text: Vec<char> = blob.chunks(3).flat_map(base64).collect();
    let lines: Vec<String> = text.chunks(70).map(String::from_iter).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

fn base64(chunk: &[u8]) -> [char; 4] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    [0, 1, 2, 3].map(|at| match at <= chunk.len() {
        true => char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]),
        false => '=',
    })
}
