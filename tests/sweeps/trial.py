"""One trial: a command, disturbed once; what is wrong then, and after the same command ran again."""

import trace
from commands import put_in
from judge import State, cannot_read, git_finds, history_fails, left_behind, strange, torn
from sandbox import Failed


def undisturbed(sandbox, command):
    """The states before and after one run that nothing disturbs, and every call in it that may be disturbed."""
    put_in(sandbox, command.state)
    old = State(sandbox)
    done, points = trace.census(sandbox, sandbox.argv(command.actor, command.arguments), trace.CHANGING)
    if done.returncode != command.exit:
        raise Failed(f"{command.name}: exit {done.returncode} undisturbed: {done.stdout}{done.stderr}")
    return old, State(sandbox), points


def after_the_disturbance(sandbox, old, new, look):
    """What is wrong right after a kill or an error. A look with `packet status` may tidy up: every other time nobody looks."""
    now = State(sandbox)
    wrong = [f"torn: {name}" for name in torn(now, old, new)]
    wrong += [f"fsck: {line}" for line in git_finds(sandbox)]
    wrong += cannot_read(sandbox) if look else []
    return wrong + [f"a file of no known name: {name}" for name in strange(now, old, new)]


def after_the_retry(sandbox, command, new):
    """What is wrong after the same command ran again."""
    done = sandbox.run(*sandbox.argv(command.actor, command.arguments), check=False)
    if done.returncode != command.exit:
        return [f"again: exit {done.returncode}: {done.stdout}{done.stderr}"]
    now = State(sandbox)
    wrong = [f"again, and not as undisturbed: {name}: {now.parts[name]}" for name in now.differs(new)]
    wrong += [f"left behind: {name}" for name in left_behind(now, new)]
    wrong += [f"fsck after again: {line}" for line in git_finds(sandbox)]
    return wrong + history_fails(sandbox)
