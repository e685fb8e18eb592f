//! The main job, end to end.

use crate::sandbox::Sandbox;

#[test]
fn a_packet_goes_from_opened_to_verified_release() {
    let sandbox = Sandbox::new();
    let genesis = sandbox.release();
    let verified = sandbox.json("ci-service", &["verify"]).exits(0).json();
    assert_eq!(verified["verdict"], "yes");
    assert_eq!(verified["state"], "approved");
    assert_eq!(verified["genesis"], genesis.as_str());
    assert_eq!(verified["signers"].as_array().unwrap().len(), 4);
    assert_eq!(verified["reasons"].as_array().unwrap().len(), 0);
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn approve_refuses_an_objection_that_arrived() {
    let sandbox = Sandbox::new();
    sandbox.with_evidence();
    let commit = sandbox.draft_and_sign();
    sandbox.object("triage-agent", "identifier-leakage", "fragment:stack@100+16");
    let refused = sandbox.json("release-owner", &["approve", "--confirm", &commit]).exits(1);
    assert!(refused.reasons().contains(&"objection-open".to_owned()), "{refused:?}");
    assert!(refused.reasons().contains(&"void".to_owned()), "{refused:?}");
    sandbox.packet("ci-service", &["verify"]).exits(1);
}
