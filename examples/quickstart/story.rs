//! The story, step by step.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use packet::model::time::Time;

use super::crash::{self, CARD, EMAIL, PLANTED, SESSION};
use super::place::{Afterwards, Place};
use super::teller::{Expect, Print, Teller, commit_id, objection_id};
use super::{Outcome, look, mask, say};

const OWNER: &str = "release-owner";
const PRIVACY: &str = "privacy-lead";
const RELIABILITY: &str = "reliability";
const FORENSICS: &str = "forensics-lead";
const AGENT: &str = "triage-agent";
const CI: &str = "ci-service";

/// Tells it from the crash to the verified release.
pub(crate) fn tell(afterwards: Afterwards) -> Outcome<()> {
    let program = build_packet()?;
    let place = Place::new()?;
    say(format_args!("Everything happens in {}", place.path("").display()));
    let mut teller = Teller::new(&place, program);
    let dump = a_service_crashes(&mut teller, &place)?;
    let genesis = a_packet_is_opened(&mut teller)?;
    evidence_is_bound(&mut teller, &place, &dump)?;
    disputes_stay_visible(&mut teller, &place, &dump)?;
    an_approval_is_stopped(&mut teller)?;
    an_approval_holds(&mut teller, &genesis)?;
    teller.chapter("What is where");
    look::at_the_vault(&place)?;
    look::at_the_repository(&place)?;
    say("");
    place.leave(afterwards)
}

/// `cargo run --example` does not build the program. Started without cargo, the example uses the one that lies beside it.
///
/// The example is named again so that cargo takes the features it took for it: the dependencies are not built twice.
fn build_packet() -> Outcome<PathBuf> {
    let here = std::env::current_exe()?;
    let built = here.parent().and_then(|examples| examples.parent()).ok_or("where is this example?")?;
    if let Some(cargo) = std::env::var_os("CARGO") {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--bin", "packet", "--example", "quickstart", "--manifest-path", manifest]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if !build.status()?.success() {
            return Err("packet could not be built".into());
        }
    }
    Ok(built.join("packet"))
}

/// The dump, and the ranges of it that are worth showing.
struct Dump {
    bytes: Vec<u8>,
    stack: Range<usize>,
    heap: Range<usize>,
}

impl Dump {
    fn range(range: &Range<usize>) -> String {
        format!("{}+{}", range.start, range.len())
    }

    /// Where the address lies in the heap fragment: offsets of a target count from the fragment's first byte.
    fn email_in_heap(&self) -> Outcome<String> {
        let found = mask::find(&self.bytes[self.heap.clone()], &[EMAIL]);
        Ok(Self::range(found.first().ok_or("the address is not in the heap fragment")?))
    }
}

fn a_service_crashes(teller: &mut Teller<'_>, place: &Place) -> Outcome<Dump> {
    teller.chapter("A service crashes");
    let file = place.path("vault").join("checkout.dmp");
    let crash = crash::crash_and_dump(&file, &place.path("home"))?;
    let bytes = fs::read(&file)?;
    let hits = mask::find(&bytes, &PLANTED).len();
    say(format_args!("\nProcess {} died of signal {}. Its minidump, taken by its handler:", crash.pid, crash.signal));
    say(format_args!("  vault/checkout.dmp, {} bytes, with invented identifiers in {hits} places:", bytes.len()));
    say(format_args!("  {}", PLANTED.join("  ")));
    let missing = || "the dump does not hold what was planted";
    let stack = mask::around(&bytes, SESSION).ok_or_else(missing)?;
    let heap = mask::around(&bytes, EMAIL).ok_or_else(missing)?;
    for (name, texts) in [("first-pass.dmp", &[CARD, SESSION][..]), ("second-pass.dmp", &PLANTED[..])] {
        fs::write(place.path(name), mask::masked(&bytes, texts))?;
    }
    say("\nA sanitizer masks card numbers and session tokens with X. It does not know e-mail addresses yet.");
    Ok(Dump { bytes, stack, heap })
}

fn a_packet_is_opened(teller: &mut Teller<'_>) -> Outcome<String> {
    teller.chapter("People open a packet");
    let why = "One file says who may do what, for which lane, by which rules. It is checked before anything is made.";
    teller.runs(OWNER, &["charter", "check", "../charter.toml"], why)?;
    let why = "A packet is a git branch. Its first commit is its identity, to be told to whoever verifies it.";
    let opened = teller.runs(OWNER, &["open", "checkout", "--charter", "../charter.toml"], why)?;
    commit_id(&opened)
}

fn evidence_is_bound(teller: &mut Teller<'_>, place: &Place, dump: &Dump) -> Outcome<()> {
    teller.chapter("Evidence is bound by hash; its bytes stay in the vault");
    let why = "A session is one crash, with how sensitive its environment is. The lane takes no more than it allows.";
    let arguments = ["add-session", "crash-1", "--environment", "prod-eu", "--sensitivity", "restricted"];
    teller.runs(RELIABILITY, &[&arguments[..], &["--customer-facing", "--process", "checkout"]].concat(), why)?;
    let why =
        "Only the range that is needed, as a keyed commitment; every byte that is not masked is proven identical.";
    add_fragment(teller, "stack", &dump.stack, "../first-pass.dmp", why)?;
    let why = "The heap block of the same request.";
    add_fragment(teller, "heap", &dump.heap, "../first-pass.dmp", why)?;
    let why = "The whole dump is bound too, as an annex: the lane sees its digest only.";
    let whole = ["add-fragment", "vault:checkout.dmp", "--session", "crash-1", "--annex", "--id", "whole"];
    teller.runs(RELIABILITY, &whole, why)?;
    let why = "The deadline is bound, and what is released never outlives it.";
    let deadline = in_thirty_days()?;
    let retention = ["retention", "set", "crash-1", "--deadline", &deadline, "--basis", "crash data: 30 days"];
    teller.runs(RELIABILITY, &retention, why)?;
    let why = "How deep symbols may go is a request against the charter's boundary, not somebody's habit.";
    let symbols = ["add-symbols", "--module", "checkout", "--code-id", "5f3a9c21", "--rung", "private"];
    teller.runs(RELIABILITY, &[&symbols[..], &["--frames", "16"]].concat(), why)?;
    let why = "What one person staged becomes one revision: one signed commit.";
    teller.runs(RELIABILITY, &["commit", "-m", "stack and heap of the first crash, first pass"], why)?;
    fs::write(place.path("caveats.md"), "Masked by text search: encoded copies are not found by it.\n")?;
    let why = "Prose has an owner, who alone may change it.";
    teller.runs(PRIVACY, &["section", "set", "caveats", "--file", "../caveats.md"], why)?;
    let why = "A second revision, by somebody else.";
    teller.runs(PRIVACY, &["commit", "-m", "say what the masking cannot find"], why).map(drop)
}

fn add_fragment(teller: &Teller<'_>, id: &str, range: &Range<usize>, sanitized: &str, why: &str) -> Outcome<()> {
    let range = Dump::range(range);
    let dump = ["add-fragment", "vault:checkout.dmp", "--session", "crash-1", "--range", &range];
    teller.runs(RELIABILITY, &[&dump[..], &["--sanitized", sanitized, "--id", id]].concat(), why).map(drop)
}

fn in_thirty_days() -> Outcome<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let then = Time::from_seconds(i64::try_from(now)? + 30 * 24 * 3600).ok_or("the clock is far off")?;
    Ok(then.to_string())
}

fn disputes_stay_visible(teller: &mut Teller<'_>, place: &Place, dump: &Dump) -> Outcome<()> {
    teller.chapter("Disputes stay visible until their objector agrees, or the owner answers for the rest");
    let leak = an_agent_objects(teller, place, dump)?;
    let why = "A person objects, too: one dispute of one kind about one target.";
    let text = "the request line stays readable around the masked bytes";
    let about = ["object", "--kind", "region-minimization", "--about", "fragment:stack", "-m", text];
    let rest = objection_id(&teller.runs(PRIVACY, &about, why)?)?;
    let why = "Nothing can be drafted over an open objection; each refusal says what to type.";
    teller.is_refused(RELIABILITY, &["draft"], why)?;
    let why = "The agent was right. The second pass masks addresses, too.";
    add_fragment(teller, "heap", &dump.heap, "../second-pass.dmp", why)?;
    let why = "The third revision replaces the sanitized bytes; the raw commitment stays what it was.";
    teller.runs(RELIABILITY, &["commit", "-m", "mask the address on the heap"], why)?;
    let why = "Saying that it is dealt with does not close it:";
    teller.runs(RELIABILITY, &["address", &leak, "-m", "masked by the second pass"], why)?;
    let why = "closing it is its objector's act, and for an agent that is the human who operates it.";
    teller.runs(FORENSICS, &["close", &leak, "-m", "looked at the bytes: masked"], why)?;
    let why =
        "What cannot be masked is the release owner's to accept: alone, one by one, with a reason that is released.";
    let reason = "without the request line the fault cannot be placed";
    teller.runs(OWNER, &["accept-residual", &rest, "--rationale", reason], why)?;
    let why = "Where are we, what stops us, who is next?";
    teller.runs(RELIABILITY, &["status"], why).map(drop)
}

/// An agent may point at a place; it may not change what is bound. Gives its objection.
fn an_agent_objects(teller: &Teller<'_>, place: &Place, dump: &Dump) -> Outcome<String> {
    let why = "An agent scans the fragment where its bytes lie. Classes and places go on record, text never does.";
    teller.is_refused(AGENT, &["scan", "heap", "--record"], why)?;
    let why = "What was found, against what was masked:";
    teller.is_refused(AGENT, &["coverage", "heap"], why)?;
    let why = "The agent points at the bytes; it never quotes them.";
    let about = format!("fragment:heap@{}", dump.email_in_heap()?);
    let text = "bytes of class e-mail are still readable after the first pass";
    let objected = ["object", "--kind", "identifier-leakage", "--about", &about, "-m", text];
    let objected = teller.runs(AGENT, &objected, why)?;
    fs::write(place.path("verdict.md"), "This packet is privacy-safe.\n")?;
    let why = "The agent goes on to write a verdict: it may stage a text,";
    teller.runs(AGENT, &["section", "set", "verdict", "--file", "../verdict.md"], why)?;
    let why = "and it may not commit it. Content changes are human acts.";
    teller.is_refused(AGENT, &["commit", "-m", "conclude the review"], why)?;
    objection_id(&objected)
}

/// Drafts, lets everybody required sign, and gives the bound commit.
fn draft_and_sign(teller: &Teller<'_>, why: &str) -> Outcome<String> {
    let drafted = teller.runs(RELIABILITY, &["draft"], why)?;
    let mut why = "Each required signer is shown what they sign, and what happened since they last acted.";
    let mut print = Print::All;
    for signer in [PRIVACY, RELIABILITY, FORENSICS] {
        teller.tell(signer, &["sign"], why, Expect::Yes, print)?;
        (why, print) = ("The next role, another person: one person fills one role.", Print::Ending);
    }
    commit_id(&drafted)
}

fn an_approval_is_stopped(teller: &mut Teller<'_>) -> Outcome<()> {
    teller.chapter("A release is drafted and signed, and an objection arrives before its approval");
    let why = "A draft binds a manifest to the head: revision, lane, signers, fragments, deadlines, residuals.";
    let commit = draft_and_sign(teller, why)?;
    let why = "An agent may never approve, whoever operates it.";
    teller.is_refused(AGENT, &["approve", "1", "--confirm", &commit], why)?;
    let why = "Anybody of the roster can stop a release, at any time.";
    let text = "sixteen frames may reach into the payment module";
    let late = ["object", "--kind", "symbolization-scope", "--about", "symbols:checkout", "-m", text];
    let late = objection_id(&teller.runs(FORENSICS, &late, why)?)?;
    let why = "The owner confirms the exact commit, and it is too late: the objection came before the approval.";
    teller.is_refused(OWNER, &["approve", "1", "--confirm", &commit], why)?;
    let why = "The objector looks, and takes it back. Release 1 stays void all the same.";
    teller.runs(FORENSICS, &["withdraw", &late, "-m", "the boundary names module checkout alone"], why).map(drop)
}

fn an_approval_holds(teller: &mut Teller<'_>, genesis: &str) -> Outcome<()> {
    teller.chapter("Drafted and signed again, approved, verified");
    let why = "No signature is carried over: a new draft, new signatures.";
    let commit = draft_and_sign(teller, why)?;
    let why = "The one accountable human approves this exact revision and its manifest, for this one lane.";
    teller.runs(OWNER, &["approve", "2", "--confirm", &commit], why)?;
    let why = "CI replays every entry from the genesis it was told, and answers with its exit code.";
    teller.runs(CI, &["verify", "--root", genesis], why)?;
    let why = "Everything that happened, newest first.";
    teller.runs(CI, &["log"], why).map(drop)
}
