"""What pairs.py races: states in which many commands can run, and the commands that can.

Every pair of one state's commands is raced, in both roles. Actors differ where the operation allows it.
"""

from commands import ADD_FRAGMENT, OBJECT, STATES, Command
from sandbox import AGENT, FORENSICS, NAME, OWNER, PRIVACY, RELIABILITY, SERVICE


def disputed(s):
    """Five objections, one of them addressed; a stage of a person and one of an agent."""
    for n in range(5):
        answer = s.packet(PRIVACY, "object", "--kind", "other", "--about", "packet", "-m", f"dispute {n}")
        s.words[f"o{n}"] = answer["id"]
    s.packet(FORENSICS, "address", "{o3}", "-m", "it is shorter now")
    STATES["staged"][1](s)
    STATES["agent-staged"][1](s)


def releasing(s):
    """Ready for an approval; a stage of a person and one of an agent."""
    STATES["staged"][1](s)
    STATES["agent-staged"][1](s)


def half_signed(s):
    for actor in (PRIVACY, RELIABILITY):
        s.packet(actor, "sign")


STATES["disputed"] = ("evidence", disputed)
STATES["releasing"] = ("signed", releasing)
STATES["half-signed"] = ("drafted", half_signed)

STAGING = [
    ("add-session", RELIABILITY, "add-session s2 --environment prod-eu --sensitivity internal"),
    ("add-fragment", RELIABILITY, ADD_FRAGMENT.format(dump="a.dmp", id="more").replace("512+512", "1024+512")),
    ("add-attachment", RELIABILITY, "add-attachment {inputs}/notes.txt --session s1 --id notes"),
    ("add-symbols", FORENSICS, "add-symbols --module checkout --code-id 5f3a --rung private --id checkout"),
    ("retention-set", RELIABILITY, "retention set s1 --deadline 2036-02-01T00:00:00Z --basis contract"),
    ("section-set", FORENSICS, "section set summary --file {inputs}/summary.md"),
    ("remove", RELIABILITY, "remove fragment:stack --why not_needed"),
    ("discard", RELIABILITY, "discard"),
]
SEALING = [
    ("commit", RELIABILITY, "commit -m a_deadline_and_a_fragment"),
    ("propose", AGENT, "propose -m the_contract_asks_for_it"),
]
LEDGER = [
    ("object", PRIVACY, OBJECT),
    ("object-too", AGENT, "object --kind other --about lane -m who_is_that"),
    ("respond", FORENSICS, "respond {o0} -m the_frame_needs_it"),
    ("address", FORENSICS, "address {o1} -m it_is_shorter_now"),
    ("address-same", RELIABILITY, "address {o1} -m I_did_it"),
    ("withdraw", PRIVACY, "withdraw {o2} -m I_was_wrong"),
    ("withdraw-same", PRIVACY, "withdraw {o1} -m never_mind"),
    ("close", PRIVACY, "close {o3} -m agreed"),
    ("accept-residual", OWNER, "accept-residual {o4} --rationale needed"),
    ("accept-same", OWNER, "accept-residual {o1} --rationale needed"),
]
OTHERS = [("drift-record", RELIABILITY, "drift --record"), ("verify", SERVICE, "verify --history")]
FOUND = [
    ("scan-record", RELIABILITY, "scan --record"),
    ("scan-too", AGENT, "scan --record"),
    ("dispose", PRIVACY, "dispose --class email --in session:s1 --as needed --why it_crashed"),
    ("dispose-too", PRIVACY, "dispose --class email --in session:s1 --as not-customer-data --why a_test"),
    ("draft", RELIABILITY, "draft"),
    ("object", FORENSICS, "object --kind other --about packet -m not_like_this"),
]
RELEASE = [
    ("approve", OWNER, "approve --confirm {bound}"),
    ("approve-too", OWNER, "approve --confirm {bound}"),
    ("draft", PRIVACY, "draft"),
    ("hold", PRIVACY, "hold 1 --because disagreement -m it_shows_a_cookie"),
    ("supersede", OWNER, "supersede 1 --because audience -m another_audience"),
    ("object", FORENSICS, "object --kind other --about packet -m not_like_this"),
    ("repair", RELIABILITY, "repair --confirm {bound}"),
]
SIGNING = [
    ("sign", FORENSICS, "sign"),
    ("sign-too", FORENSICS, "sign"),
    ("approve", OWNER, "approve --confirm {bound}"),
    ("object", PRIVACY, "object --kind other --about packet -m not_like_this"),
    ("draft", PRIVACY, "draft"),
]
OPENING = [
    ("open", OWNER, f"open {NAME} --charter {{inputs}}/charter.toml"),
    ("open-too", OWNER, f"open {NAME} --charter {{inputs}}/charter.toml"),
]
DRIFTED = [
    ("drift-hold", RELIABILITY, "drift --record"),
    ("drift-too", FORENSICS, "drift --record"),
    ("hold", PRIVACY, "hold 1 --because disagreement -m it_shows_a_cookie"),
    ("supersede", OWNER, "supersede 1 --because audience -m another_audience"),
    ("object", FORENSICS, "object --kind other --about packet -m not_like_this"),
]
PROPOSED = [
    ("apply", RELIABILITY, "apply {proposal}"),
    ("apply-too", FORENSICS, "apply {proposal}"),
    ("reject", FORENSICS, "reject {proposal} --because quality -m not_now"),
    ("object", FORENSICS, "object --kind other --about packet -m not_like_this"),
    ("draft", PRIVACY, "draft"),
    ("amend", OWNER, "amend --charter {inputs}/retitled.toml -m a_better_title"),
]
AMENDED = [
    ("endorse", PRIVACY, "endorse {amendment}"),
    ("endorse-too", PRIVACY, "endorse {amendment}"),
    ("amend", OWNER, "amend --charter {inputs}/retitled.toml -m a_better_title"),
    ("draft", RELIABILITY, "draft"),
    ("object", FORENSICS, "object --kind other --about lane -m not_like_this"),
    ("commit", RELIABILITY, "commit -m nothing"),
]
FOREIGN = [("repair", RELIABILITY, "repair --confirm {head}"), ("repair-too", FORENSICS, "repair --confirm {head}"),
           ("object", PRIVACY, OBJECT), ("commit", RELIABILITY, "commit -m x")]

GROUPS = {
    "empty": OPENING,
    "disputed": STAGING + SEALING + LEDGER + OTHERS,
    "half-signed": SIGNING,
    "releasing": RELEASE + SEALING + OTHERS,
    "drifted": DRIFTED,
    "found": FOUND,
    "proposed": PROPOSED,
    "amended": AMENDED,
    "foreign": FOREIGN,
}


def pairs():
    """Every ordered pair: the first is held up, the second runs meanwhile."""
    for state, lines in GROUPS.items():
        commands = [Command(*line, state) for line in lines]
        for held in commands:
            for other in commands:
                yield held, other
