//! `packet regions`, over dumps of real processes and over files that are no dumps.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::sandbox::Sandbox;

/// The region of this name.
#[track_caller]
fn region<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let regions = answer["regions"].as_array().unwrap();
    regions.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("{name}: {answer:#}"))
}

/// Regions cover the file, in order.
#[track_caller]
fn covers(answer: &Value, path: &Path) {
    let mut at = 0;
    for region in answer["regions"].as_array().unwrap().iter().filter(|r| r["length"] != 0) {
        assert_eq!(region["offset"], at, "{region}");
        at += region["length"].as_u64().unwrap();
    }
    assert_eq!(at, fs::metadata(path).unwrap().len());
    let coverage = &answer["coverage"];
    assert_eq!(coverage["bytes"], at);
    assert_eq!(coverage["attributed"].as_u64().unwrap() + coverage["unattributed"].as_u64().unwrap(), at);
}

#[track_caller]
fn regions(sandbox: &Sandbox, path: &Path) -> Value {
    let answer = sandbox.packet("ci-service", &["regions", path.to_str().unwrap(), "--json"]).exits(0).json();
    covers(&answer, path);
    answer
}

/// A process with a variable and an argument of its own, that waits to be looked at.
pub struct Waiting(Child);

impl Waiting {
    pub fn start() -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; read -r line", "--invented-argument"]);
        command.env_clear().env("INVENTED_VARIABLE", "invented-value").env("PATH", "/usr/bin:/bin");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        Self(child)
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A core by `gcore`, or nothing where there is no debugger or it may not look.
fn gcore(sandbox: &Sandbox, pid: u32) -> Option<PathBuf> {
    let prefix = sandbox.path("core");
    let taken = Command::new("gcore").arg("-o").arg(&prefix).arg(pid.to_string()).output();
    let core = prefix.with_extension(pid.to_string());
    if taken.is_ok_and(|output| output.status.success()) && core.exists() {
        return Some(core);
    }
    println!("skipped: no core, gdb's gcore is missing or may not trace");
    None
}

fn bytes<'a>(file: &'a [u8], region: &Value) -> &'a [u8] {
    let number = |name: &str| region[name].as_u64().unwrap() as usize;
    &file[number("offset")..number("offset") + number("length")]
}

fn holds(file: &[u8], region: &Value, text: &str) -> bool {
    bytes(file, region).windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_core_by_gcore_has_stack_registers_environment_and_command_line() {
    let sandbox = Sandbox::new();
    let waiting = Waiting::start();
    let Some(core) = gcore(&sandbox, waiting.id()) else { return };
    let answer = regions(&sandbox, &core);
    assert_eq!(answer["format"], "elf-core");
    assert_eq!(answer["coverage"]["unattributed"], 0, "{answer:#}");
    let pid = waiting.id();
    for name in [format!("registers:{pid}"), format!("vector-registers:{pid}"), format!("stack:{pid}"), "auxv".into()] {
        region(&answer, &name);
    }
    let file = fs::read(&core).unwrap();
    assert!(holds(&file, region(&answer, "environment"), "INVENTED_VARIABLE=invented-value"));
    assert!(holds(&file, region(&answer, "command-line"), "--invented-argument"));
    assert!(holds(&file, region(&answer, "name:program"), "sh"));
    let shown = sandbox.packet("ci-service", &["regions", core.to_str().unwrap()]).exits(0);
    for content in ["invented", "INVENTED", "/lib"] {
        assert!(!shown.out.contains(content) && !answer.to_string().contains(content), "{content}: {}", shown.out);
    }
}

#[test]
fn a_core_cut_short_says_so() {
    let sandbox = Sandbox::new();
    let waiting = Waiting::start();
    let Some(core) = gcore(&sandbox, waiting.id()) else { return };
    let whole = fs::metadata(&core).unwrap().len();
    fs::File::options().write(true).open(&core).unwrap().set_len(whole / 2).unwrap();
    let answer = regions(&sandbox, &core);
    assert!(answer["profile"]["truncated_bytes"].as_u64().unwrap() > 0, "{answer:#}");
    let shown = sandbox.packet("ci-service", &["regions", core.to_str().unwrap()]).exits(0);
    assert!(shown.out.contains("truncated: "), "{}", shown.out);
}

#[test]
fn a_minidump_of_a_real_process_is_accounted_for() {
    let sandbox = Sandbox::new();
    let waiting = Waiting::start();
    let pid = i32::try_from(waiting.id()).unwrap();
    let path = sandbox.path("real.dmp");
    let mut file = fs::File::create(&path).unwrap();
    let writer = minidump_writer::minidump_writer::MinidumpWriterConfig::new(pid, pid);
    if let Err(error) = writer.write(&mut file) {
        println!("skipped: this process may not be traced: {error}");
        return;
    }
    let answer = regions(&sandbox, &path);
    assert_eq!(answer["format"], "minidump");
    let file = fs::read(&path).unwrap();
    assert!(holds(&file, region(&answer, "environment"), "INVENTED_VARIABLE=invented-value"));
    assert!(holds(&file, region(&answer, "command-line"), "--invented-argument"));
    for name in [format!("stack:{pid}"), format!("registers:{pid}"), format!("name:thread:{pid}")] {
        region(&answer, &name);
    }
    assert_eq!(region(&answer, "linux:maps")["kind"], "linux-proc");
    assert!(answer["coverage"]["unattributed"].as_u64().unwrap() * 100 < file.len() as u64, "{answer:#}");
}

#[test]
fn a_dump_is_named_by_its_key_in_the_vault_too() {
    let sandbox = Sandbox::new();
    sandbox.open();
    sandbox.dump("a.dmp", 4096, 100, 16);
    let answer = sandbox.json("ci-service", &["regions", "vault:a.dmp"]).exits(0).json();
    assert_eq!(answer["format"], "unknown");
    assert_eq!(answer["coverage"]["unattributed"], 4096);
    sandbox.packet("ci-service", &["regions", "vault:../outside"]).exits(3);
    sandbox.packet("ci-service", &["regions", "nothing-there"]).exits(3);
    sandbox.packet("ci-service", &["regions", "."]).exits(2);
}

/// Dumps that other people made, where they are at hand.
#[test]
fn dumps_of_other_people_are_accounted_for() {
    let folder = Path::new("/work/shared/data/dumps");
    let Ok(entries) = fs::read_dir(folder) else {
        println!("skipped: {} is not here", folder.display());
        return;
    };
    let sandbox = Sandbox::new();
    for entry in entries {
        let packed = entry.unwrap().path();
        let path = sandbox.path(packed.file_stem().unwrap());
        let unpacked = Command::new("gunzip").arg("-c").arg(&packed).output().unwrap();
        fs::write(&path, unpacked.stdout).unwrap();
        let answer = regions(&sandbox, &path);
        assert_eq!(answer["format"], "minidump", "{}", path.display());
        let attributed = answer["coverage"]["attributed"].as_u64().unwrap();
        let bytes = answer["coverage"]["bytes"].as_u64().unwrap();
        let broken = packed.to_string_lossy().contains("invalid-r");
        assert!(broken || attributed * 1000 >= bytes * 995, "{}: {attributed} of {bytes}", path.display());
    }
}
