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

/// A core by the kernel, or nothing where it writes them elsewhere or not at all.
fn kernel_core(sandbox: &Sandbox) -> Option<(PathBuf, u32)> {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.trim() != "core" {
        println!("skipped: the kernel does not write cores into the working directory");
        return None;
    }
    let directory = sandbox.path("crash");
    fs::create_dir(&directory).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited && echo $$ && kill -SEGV $$", "--invented-argument"]);
    command.env_clear().env("INVENTED_VARIABLE", "invented-value").current_dir(&directory);
    let pid = String::from_utf8(command.output().unwrap().stdout).unwrap().trim().parse().ok()?;
    let found = ["core".to_owned(), format!("core.{pid}")].map(|name| directory.join(name));
    let core = found.into_iter().find(|path| path.exists());
    if core.is_none() {
        println!("skipped: the kernel wrote no core");
    }
    Some((core?, pid))
}

#[test]
fn a_core_by_the_kernel_says_what_it_leaves_out() {
    let sandbox = Sandbox::new();
    let Some((core, pid)) = kernel_core(&sandbox) else { return };
    let answer = regions(&sandbox, &core);
    assert_eq!(answer["profile"]["producer"], "linux-kernel");
    assert_eq!(answer["coverage"]["unattributed"], 0, "{answer:#}");
    assert!(answer["profile"]["elided_bytes"].as_u64().unwrap() > 0, "code that is in its file is left out");
    assert!(answer["regions"].as_array().unwrap().iter().any(|r| r["length"] == 0 && r["elided"] != 0));
    let file = fs::read(&core).unwrap();
    assert!(holds(&file, region(&answer, "environment"), "INVENTED_VARIABLE=invented-value"));
    assert!(holds(&file, region(&answer, "command-line"), "--invented-argument"));
    assert!(holds(&file, region(&answer, "command-line:psargs"), "ulimit -c unlimited"));
    region(&answer, &format!("exception:{pid}"));
    assert_eq!(answer["threads"][0]["crashed"], true);
    assert!(answer["modules"].as_array().unwrap().iter().any(|module| module["code_id"].is_string()), "{answer:#}");
}

#[test]
fn a_masked_core_is_compared_by_address_and_shows_whether_the_backtrace_held() {
    let sandbox = Sandbox::new();
    let waiting = Waiting::start();
    let Some(core) = gcore(&sandbox, waiting.id()) else { return };
    let answer = regions(&sandbox, &core);
    let environment = region(&answer, "environment").clone();
    let stack = region(&answer, &format!("stack:{}", waiting.id())).clone();
    let mut masked = fs::read(&core).unwrap();
    for region in [&environment, &stack] {
        let range = region["offset"].as_u64().unwrap() as usize..;
        masked[range][..region["length"].as_u64().unwrap() as usize].fill(b'X');
    }
    let copy = sandbox.path("masked.core");
    fs::write(&copy, masked).unwrap();
    let arguments = ["compare", "--stacks", core.to_str().unwrap(), copy.to_str().unwrap()];
    let compared = sandbox.json("ci-service", &arguments).exits(0).json();
    let changed = compared["regions"]["changed"].as_array().unwrap();
    let names: Vec<&str> = changed.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"environment") && names.contains(&stack["name"].as_str().unwrap()), "{names:?}");
    assert_eq!(names.len(), 2, "{names:?}");
    let thread = &compared["stacks"][0];
    assert!(thread["before"].as_u64().unwrap() > 1 && thread["after"] == 1 && thread["same"] == 1, "{thread}");
    let shown = sandbox.packet("ci-service", &arguments).exits(0);
    for content in ["invented", "INVENTED", "XXXX", "/lib"] {
        assert!(!shown.out.contains(content) && !compared.to_string().contains(content), "{content}: {}", shown.out);
    }
}

/// A sparse core as large as asked, with as many segments.
fn sparse_core(path: &Path, bytes: u64, segments: u64) {
    let program = |kind: u32, flags: u32, words: [u64; 6]| {
        [&kind.to_le_bytes()[..], &flags.to_le_bytes(), &words.map(u64::to_le_bytes).concat()].concat()
    };
    let table = 64 + 56 * segments;
    let each = (bytes - table) / segments;
    let mut head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0\x01\0\0\0".to_vec();
    head.extend([0, 64, 0].map(u64::to_le_bytes).concat());
    head.extend([0, 0, 0, 0, 64, 0, 56, 0]);
    head.extend(u16::try_from(segments).unwrap().to_le_bytes());
    head.resize(64, 0);
    for i in 0..segments {
        head.extend(program(
            1,
            6,
            [table + i * each, 0x7f00_0000_0000 + i * (each + 4096), 0, each, each + 4096, 4096],
        ));
    }
    fs::write(path, head).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

/// The address space is limited, not only what of it is used: nothing can be mapped, and nothing grow.
#[test]
fn regions_of_a_core_of_2_gib_fit_in_128_mib() {
    let sandbox = Sandbox::new();
    for segments in [700, 65_000] {
        let core = sandbox.path("large.core");
        sparse_core(&core, 2 << 30, segments);
        let mut command = Command::new("sh");
        sandbox.bare(&mut command).arg("-c").arg("ulimit -v 131072 && exec \"$0\" regions \"$1\"");
        command.arg(env!("CARGO_BIN_EXE_packet")).arg(&core).current_dir(sandbox.path("."));
        let begin = std::time::Instant::now();
        let answer = sandbox.answer(&mut command).exits(0);
        println!("2 GiB, {segments} segments: {:?}", begin.elapsed());
        assert!(answer.out.contains("2147483648 bytes: 2147483648 attributed"), "{}", answer.out);
        assert!(answer.out.contains(&format!("{} more", segments - 11)), "{}", answer.out);
        assert!(answer.out.lines().count() < 200, "a page that can be read");
    }
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
