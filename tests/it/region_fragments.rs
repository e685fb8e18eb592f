//! Fragments taken by region and by address, of a real process's minidump.

use std::fs;
use std::path::Path;

use minidump_writer::app_memory::AppMemory;
use minidump_writer::minidump_writer::MinidumpWriterConfig;
use serde_json::Value;

use crate::regions::Waiting;
use crate::sandbox::{Answer, Sandbox};

/// A process, a packet with one session, and its dump `vault:real.dmp`; nothing where processes may not be traced.
struct Scene {
    sandbox: Sandbox,
    process: Waiting,
    heap: (usize, usize),
}

impl Scene {
    fn set(rules: &str) -> Option<Self> {
        let process = Waiting::start();
        let sandbox = Sandbox::new();
        let charter = crate::governance::governed(&sandbox).replace("threshold = 2", "threshold = 1");
        sandbox.open_with(&charter.replace("min_fragment = 64", &format!("min_fragment = 64\n{rules}")));
        let session = ["add-session", "s1", "--environment", "prod", "--sensitivity", "restricted"];
        sandbox.packet("reliability", &session).exits(0);
        let heap = heap_of(process.id());
        let scene = Self { sandbox, process, heap };
        scene.dump(&scene.sandbox.path("vault/real.dmp"), true).then_some(scene)
    }

    fn dump(&self, path: &Path, with_heap: bool) -> bool {
        let pid = i32::try_from(self.process.id()).unwrap();
        let mut writer = MinidumpWriterConfig::new(pid, pid);
        if with_heap {
            writer.set_app_memory(vec![AppMemory { ptr: self.heap.0, length: self.heap.1 }]);
        }
        let written = writer.write(&mut fs::File::create(path).unwrap());
        if let Err(error) = &written {
            println!("skipped: this process may not be traced: {error}");
        }
        written.is_ok()
    }

    fn add(&self, arguments: &[&str]) -> Answer {
        let fixed = ["add-fragment", "vault:real.dmp", "--session", "s1"];
        self.sandbox.json("reliability", &[&fixed[..], arguments].concat())
    }

    fn stack(&self) -> String {
        format!("stack:{}", self.process.id())
    }

    fn file(&self, path: &str) -> String {
        self.sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
        self.sandbox.git(&["show", &format!("packet/checkout:{path}")])
    }
}

/// A page of the process's heap: where, and how long.
fn heap_of(pid: u32) -> (usize, usize) {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let line = maps.lines().find(|line| line.ends_with("[heap]")).expect("a shell has a heap");
    (usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap(), 4096)
}

#[test]
fn a_region_and_its_addresses_are_the_same_fragment() {
    let Some(scene) = Scene::set("") else { return };
    let by_name = scene.add(&["--annex", "--region", &scene.stack(), "--id", "by-name"]).exits(0).json();
    let va = by_name["va"].as_str().unwrap().to_owned();
    let length = by_name["raw"]["bytes"].as_u64().unwrap();
    let range = format!("{va}+{length}");
    let by_address = scene.add(&["--annex", "--va", &range, "--id", "by-address"]).exits(0).json();
    assert_eq!(by_name["raw"]["keyed_blake3"], by_address["raw"]["keyed_blake3"]);
    assert_eq!(by_address["region"], scene.stack().as_str());
    let inner = format!("{:#x}+64", u64::from_str_radix(&va[2..], 16).unwrap() + 128);
    let part = scene.add(&["--annex", "--va", &inner, "--id", "part"]).exits(0).json();
    assert_eq!((&part["region"], part["raw"]["bytes"].as_u64()), (&by_name["region"], Some(64)));
    let session = scene.file("sessions/s1.toml");
    for said in ["[capture.profile]", "format = \"minidump\"", "absent = [", "machine = "] {
        assert!(session.contains(said), "{said}: {session}");
    }
}

#[test]
fn what_is_not_in_the_dump_is_refused_by_name() {
    let Some(scene) = Scene::set("") else { return };
    let refused =
        |arguments: &[&str]| scene.add(&[&["--annex"], arguments].concat()).exits(2).json()["reasons"][0].clone();
    assert_eq!(refused(&["--region", "stack:1"])["subject"], "--region");
    let nowhere = refused(&["--va", "0x10+64"]);
    assert!(nowhere["message"].as_str().unwrap().contains("was not captured"), "{nowhere}");
    assert_eq!(refused(&["--range", "0+99999999"])["subject"], "--range");
    assert_eq!(refused(&["--va", "0x10+64", "--region", "x"])["code"], "usage");
}

#[test]
fn a_dump_is_taken_region_by_region() {
    let Some(scene) = Scene::set("") else { return };
    let taken = scene.add(&["--annex", "--all-regions"]).exits(0).json();
    let sum = |list: &Value, field: fn(&Value) -> u64| list.as_array().unwrap().iter().map(field).sum::<u64>();
    let fragments = sum(&taken["fragments"], |f| f["raw"]["bytes"].as_u64().unwrap());
    assert!(taken["fragments"].as_array().unwrap().len() > 10, "{taken:#}");
    let layout = scene.sandbox.json("reliability", &["regions", "vault:real.dmp"]).exits(0).json();
    let skipped: Vec<&str> =
        taken["skipped"].as_array().unwrap().iter().map(|s| s["region"].as_str().unwrap()).collect();
    let left_out: u64 = layout["regions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| skipped.contains(&r["name"].as_str().unwrap()))
        .map(|r| r["length"].as_u64().unwrap())
        .sum();
    assert_eq!(fragments + left_out, layout["coverage"]["bytes"].as_u64().unwrap(), "every byte, once");
    scene.sandbox.packet("reliability", &["commit", "-m", "all of it"]).exits(0);
    scene.sandbox.packet("ci-service", &["verify", "--history"]).exits(0);
}

#[test]
fn the_charter_may_keep_kinds_of_regions_and_long_ranges_from_the_lane() {
    let Some(scene) = Scene::set("max_fragment = 16000\nregions = [\"registers\"]") else { return };
    let copy = scene.sandbox.path("vault/real.dmp");
    let copy = copy.to_str().unwrap();
    let registers = format!("registers:{}", scene.process.id());
    let include = |region: &str| scene.add(&["--region", region, "--sanitized", copy, "--why", "nothing in it"]);
    include(&registers).exits(0);
    let refused = include(&scene.stack()).exits(2).json();
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("may not go to the lane"), "{refused}");
    let whole = scene.add(&["--sanitized", copy, "--why", "all of it"]).exits(2).json();
    assert!(whole["reasons"][0]["message"].as_str().unwrap().contains("max_fragment"), "{whole}");
    scene.add(&["--annex", "--region", &scene.stack()]).exits(0);
    let skipped = scene.add(&["--all-regions", "--sanitized", copy, "--why", "nothing in it"]).exits(0).json();
    assert!(skipped["skipped"].as_array().unwrap().iter().any(|s| s["region"] == scene.stack().as_str()));
}

#[test]
fn an_amended_rule_stops_what_was_included_before_it() {
    let Some(scene) = Scene::set("") else { return };
    let copy = scene.sandbox.path("vault/real.dmp");
    let include =
        ["--region", &scene.stack(), "--sanitized", copy.to_str().unwrap(), "--why", "as it is", "--id", "stack"];
    scene.add(&include).exits(0);
    scene.sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
    crate::governance::amend(
        &scene.sandbox,
        "privacy-lead",
        "min_fragment = 64",
        "min_fragment = 64\nregions = [\"registers\"]",
    )
    .exits(0);
    let reasons = scene.sandbox.json("reliability", &["draft"]).exits(1).reasons();
    assert!(reasons.contains(&"region-excluded".to_owned()), "{reasons:?}");
}

#[test]
fn what_a_shorter_sanitized_dump_does_not_hold_is_elided() {
    let Some(scene) = Scene::set("") else { return };
    let sanitized = scene.sandbox.path("sanitized.dmp");
    assert!(scene.dump(&sanitized, false));
    let sanitized = sanitized.to_str().unwrap();
    let (heap, length) = scene.heap;
    let range = format!("{heap:#x}+{length}");
    let elided = scene.add(&["--va", &range, "--sanitized", sanitized, "--id", "heap"]).exits(0).json();
    assert_eq!(elided["redaction"]["elided"], serde_json::json!([{"offset": 0, "length": length}]));
    let kept = scene.add(&["--region", &scene.stack(), "--sanitized", sanitized, "--why", "as it is"]).exits(0).json();
    assert_eq!(kept["redaction"]["elided"], serde_json::json!([]), "the stack is in both, at the same addresses");
    assert_eq!(kept["redaction"]["masked_bytes"], 0, "the process stood still");
    let plain = scene.add(&["--range", "0+64", "--sanitized", sanitized]).exits(2).json();
    assert_eq!(plain["reasons"][0]["subject"], "--sanitized", "plain bytes keep the equal-length rule");
}

#[test]
fn an_objection_about_addresses_reaches_every_fragment_that_overlaps_them() {
    let Some(scene) = Scene::set("") else { return };
    let stack = scene.add(&["--annex", "--region", &scene.stack(), "--id", "stack"]).exits(0).json();
    let va = u64::from_str_radix(&stack["va"].as_str().unwrap()[2..], 16).unwrap();
    for (id, offset) in [("first", 0), ("second", 256)] {
        scene.add(&["--annex", "--va", &format!("{:#x}+128", va + offset), "--id", id]).exits(0);
    }
    scene.add(&["--annex", "--region", &format!("registers:{}", scene.process.id()), "--id", "registers"]).exits(0);
    scene.sandbox.packet("reliability", &["commit", "-m", "evidence"]).exits(0);
    let disputed = |about: &str| {
        scene
            .sandbox
            .packet("privacy-lead", &["object", "--kind", "region-minimization", "--about", about, "-m", "why?"])
            .exits(0);
        let status = scene.sandbox.json("privacy-lead", &["status"]).json();
        let all = status["disputed"].as_array().unwrap();
        let one = all.iter().find(|d| d["about"] == about).expect(about);
        one["fragments"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let second = format!("{:#x}", va + 256);
    assert_eq!(disputed(&format!("va:s1@{second}+16")), ["registers", "second", "stack"], "registers say no address");
    assert_eq!(disputed(&format!("region:s1/{}", scene.stack())), ["first", "second", "stack"]);
    assert_eq!(disputed("fragment:first"), ["first", "stack"], "the same bytes under another name");
    assert_eq!(disputed("fragment:stack@0+16"), ["first", "stack"]);
}
