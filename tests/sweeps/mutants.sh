#!/usr/bin/env bash
# Every mutant of the gate, the replay, the operation table and the signatures must be caught: first by the corpus of
# hostile histories, judged in process, and the unit tests beside the code (seconds each); what survives that, by the
# built program and its tests (a minute each). What is excepted stands in mutants-program.toml, with its reason. Takes an
# hour and a half on two cores.
#   tests/sweeps/mutants.sh [arguments of cargo mutants, such as -f src/gate/time.rs]
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked
work=$(mktemp -d "${TMPDIR:-/dev/shm}/packet-mutants-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus" "$work/tmp"
PACKET_CORPUS_OUT="$work/corpus" cargo nextest run --release --locked every_hostile_history
export PACKET_CORPUS="$work/corpus" TMPDIR="$work/tmp"
# Given here and not in the configuration: what both name would be mutated together.
files=(
  -f 'src/gate/*.rs' -f 'src/history/*.rs' -f 'src/model/operation.rs' -f 'src/model/signers.rs' -f 'src/model/ledger.rs'
  -f 'src/model/objection.rs' -f 'src/model/proposal.rs' -f 'src/model/succession.rs'
  -f 'src/model/finding_set.rs' -f 'src/model/findings.rs' -f 'src/model/scanned.rs' -f 'src/model/fragment_scan.rs'
  -f 'src/model/surroundings.rs' -f 'src/sign/sshsig.rs'
)
[ $# -gt 0 ] || set -- "${files[@]}"
pass() {
  cargo mutants --config "$1" --jobs 2 --baseline run --timeout 120 --no-shuffle --colors never --output "$PWD/target" "${@:2}"
}
pass tests/sweeps/mutants.toml "$@" || true
pass tests/sweeps/mutants-program.toml --iterate "$@"
