"""Every command that writes, and the state of a packet that each of them starts from.

A new command is one line in `COMMANDS`; a state that it needs and that is not there yet is one line in `STATES`: the
state it goes on from, and what is done then.
"""

from dataclasses import dataclass

from sandbox import AGENT, FORENSICS, NAME, OWNER, PRIVACY, RELIABILITY, SERVICE


@dataclass(frozen=True)
class Command:
    """What is run, by whom, in which state; and how it ends when nothing disturbs it."""

    name: str
    actor: str
    line: str
    state: str
    exit: int = 0

    @property
    def arguments(self):
        """The words of the line; `_` stands for a blank inside a word."""
        return [word.replace("_", " ") for word in self.line.split()]


ADD_FRAGMENT = "add-fragment vault:{dump} --session s1 --sanitized {{inputs}}/{dump}.masked --id {id} --range 512+512"
OBJECT = "object --kind fragment-necessity --about fragment:stack -m is_all_of_it_needed"

COMMANDS = [
    Command("open", OWNER, f"open {NAME} --charter {{inputs}}/charter.toml", "empty"),
    Command("trust", PRIVACY, f"trust {NAME} {{genesis}}", "untrusted"),
    Command("add-session", RELIABILITY, "add-session s2 --environment prod-eu --sensitivity internal", "evidence"),
    Command("add-fragment", RELIABILITY, ADD_FRAGMENT.format(dump="a.dmp", id="heap"), "evidence"),
    Command("add-attachment", RELIABILITY, "add-attachment {inputs}/notes.txt --session s1 --id notes", "evidence"),
    Command("add-symbols", RELIABILITY, "add-symbols --module checkout --code-id 5f3a --rung private --file {inputs}/checkout.sym --id checkout", "evidence"),
    Command("retention-set", RELIABILITY, "retention set s1 --deadline 2036-01-01T00:00:00Z --basis registry", "evidence"),
    Command("section-set", RELIABILITY, "section set summary --file {inputs}/summary.md", "evidence"),
    Command("remove", RELIABILITY, "remove fragment:stack --why not_needed", "evidence"),
    Command("stage-more", RELIABILITY, "retention set s1 --deadline 2036-02-01T00:00:00Z --basis contract", "staged"),
    Command("commit", RELIABILITY, "commit -m a_deadline_and_a_fragment", "staged"),
    Command("discard", RELIABILITY, "discard", "staged"),
    Command("propose", AGENT, "propose -m the_contract_asks_for_it", "agent-staged"),
    Command("object", PRIVACY, OBJECT, "evidence"),
    Command("respond", FORENSICS, "respond {objection} -m the_frame_needs_it", "objected"),
    Command("address", FORENSICS, "address {objection} -m it_is_shorter_now", "objected"),
    Command("withdraw", PRIVACY, "withdraw {objection} -m I_was_wrong", "objected"),
    Command("close", PRIVACY, "close {objection} -m agreed", "addressed"),
    Command("accept-residual", OWNER, "accept-residual {objection} --rationale the_frame_is_needed", "objected"),
    Command("scan-record", AGENT, "scan --record", "evidence", exit=1),
    Command("dispose", PRIVACY, "dispose --class email --in session:s1 --as needed --why it_crashed", "found"),
    Command("drift-record", RELIABILITY, "drift --record", "evidence"),
    Command("drift-hold", RELIABILITY, "drift --record", "drifted", exit=1),
    Command("draft", RELIABILITY, "draft", "evidence"),
    Command("sign", PRIVACY, "sign", "drafted"),
    Command("approve", OWNER, "approve --confirm {bound}", "signed"),
    Command("approve-tag", OWNER, "approve --confirm {bound}", "untagged"),
    Command("hold", PRIVACY, "hold --because disagreement -m it_shows_a_cookie", "approved"),
    Command("supersede", OWNER, "supersede --because audience -m another_audience", "approved"),
    Command("apply", RELIABILITY, "apply {proposal}", "proposed"),
    Command("reject", FORENSICS, "reject {proposal} --because quality -m not_now", "proposed"),
    Command("amend", OWNER, "amend --charter {inputs}/retitled.toml -m a_better_title", "evidence"),
    Command("amend-pending", OWNER, "amend --charter {inputs}/audience.toml -m another_audience", "evidence"),
    Command("endorse", PRIVACY, "endorse {amendment}", "amended"),
    Command("reassign", PRIVACY, "reassign {objection} --to forensics-lead --why its_author_left", "objected"),
    Command("repair", RELIABILITY, "repair --confirm {head}", "foreign"),
    Command("verify", SERVICE, "verify", "unseen"),
]


def named(names):
    """The commands of these names; all when there are none."""
    unknown = set(names or []) - {c.name for c in COMMANDS}
    if unknown:
        raise SystemExit(f"no such command: {', '.join(sorted(unknown))}")
    return [c for c in COMMANDS if not names or c.name in names]


def opened(s):
    s.words["genesis"] = s.packet(OWNER, "open", NAME, "--charter", "{inputs}/charter.toml")["genesis"]


def evidence(s):
    s.packet(RELIABILITY, "add-session", "s1", "--environment", "prod-eu", "--sensitivity", "restricted")
    s.packet(RELIABILITY, *ADD_FRAGMENT.format(dump="b.dmp", id="stack").replace("512+512", "0+512").split())
    s.packet(RELIABILITY, "commit", "-m", "first evidence")


def staged(s):
    s.packet(RELIABILITY, "retention", "set", "s1", "--deadline", "2036-01-01T00:00:00Z", "--basis", "registry")
    s.packet(RELIABILITY, *ADD_FRAGMENT.format(dump="a.dmp", id="heap").split())


def agent_staged(s):
    s.packet(AGENT, "retention", "set", "s1", "--deadline", "2036-03-01T00:00:00Z", "--basis", "contract")


def proposed(s):
    s.words["proposal"] = s.packet(AGENT, "propose", "-m", "the contract asks for it")["id"]


def amended(s):
    s.words["amendment"] = s.packet(OWNER, "amend", "--charter", "{inputs}/audience.toml", "-m", "another audience")["id"]


def objected(s):
    s.words["objection"] = s.packet(PRIVACY, *[w.replace("_", " ") for w in OBJECT.split()])["id"]


def addressed(s):
    s.packet(FORENSICS, "address", "{objection}", "-m", "it is shorter now")


def found(s):
    s.packet(AGENT, "scan", "--record", expect=1)


def drafted(s):
    s.words["bound"] = s.packet(RELIABILITY, "draft")["commit"]


def signed(s):
    for actor in (PRIVACY, RELIABILITY, FORENSICS):
        s.packet(actor, "sign")


def approved(s):
    s.packet(OWNER, "approve", "--confirm", "{bound}")


def untagged(s):
    s.git("update-ref", "-d", f"refs/tags/packet/{NAME}/1")


def drifted(s):
    (s.vault / "b.dmp").write_bytes(b"other bytes" * 400)


def foreign(s):
    """Somebody edited the branch in a web page."""
    s.words["head"] = s.git("rev-parse", f"packet/{NAME}").stdout.strip()
    who = ["-c", "user.name=web", "-c", "user.email=web@example.test"]
    commit = s.git(*who, "commit-tree", "-m", "edited", "-p", "{head}".format(**s.words), f"packet/{NAME}^{{tree}}")
    s.git("update-ref", f"refs/heads/packet/{NAME}", commit.stdout.strip())


def untrusted(s):
    """As in a clone that fetched the branch and pinned nothing yet."""
    for name in ("root", "anchor", "verified"):
        (s.repo / ".git/packet" / NAME / name).unlink(missing_ok=True)


def unseen(s):
    """As in a clone that knows the genesis and has not looked yet."""
    for name in ("anchor", "verified"):
        (s.repo / ".git/packet" / NAME / name).unlink(missing_ok=True)


STATES = {
    "empty": (None, lambda s: s.begin()),
    "opened": ("empty", opened),
    "evidence": ("opened", evidence),
    "staged": ("evidence", staged),
    "agent-staged": ("evidence", agent_staged),
    "proposed": ("agent-staged", proposed),
    "amended": ("evidence", amended),
    "objected": ("evidence", objected),
    "addressed": ("objected", addressed),
    "found": ("evidence", found),
    "drafted": ("evidence", drafted),
    "signed": ("drafted", signed),
    "approved": ("signed", approved),
    "untagged": ("approved", untagged),
    "drifted": ("approved", drifted),
    "foreign": ("evidence", foreign),
    "untrusted": ("evidence", untrusted),
    "unseen": ("approved", unseen),
}


def put_in(sandbox, state):
    """Puts the sandbox in a state, which is made once."""
    if not sandbox.has(state):
        before, act = STATES[state]
        if before:
            put_in(sandbox, before)
        act(sandbox)
        sandbox.save(state)
    sandbox.restore(state)
