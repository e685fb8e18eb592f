//! SSHSIG armour: what is read is the one encoding, and verifying it never panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use packet::model::namespace::Namespace;
use packet::sign::Signature;

fuzz_target!(|data: &[u8]| {
    let Ok(signature) = Signature::parse(data) else { return };
    assert_eq!(signature.armour().as_bytes(), data, "one signature, one encoding");
    signature.presence();
    for namespace in [Namespace::Git, Namespace::Release] {
        signature.verify(namespace, b"something else").expect_err("nobody signed this");
    }
});
