#!/bin/sh
# Makes its inputs in a temporary directory, measures everything in one run, prints a table of ratios.
#
#   benches/run.sh            all of it: about 15 minutes, 20 GiB of disk, most of it page cache afterwards
#   SIZE_MIB=256 ENTRIES=1000 ROUNDS=3 benches/run.sh     a quick look
#   ONLY=verify,status benches/run.sh                     some of it: fragment, verify, git, status, object
#
# The directory is made below TMPDIR and removed at the end; KEEP=1 keeps it. PACKET=FILE measures another binary.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --bin packet
history=$(cargo build --release --bench history --message-format=json | sed -n 's/.*"executable":"\([^"]*history-[^"]*\)".*/\1/p' | tail -1)
work=$(mktemp -d "${TMPDIR:-/tmp}/packet-bench-XXXXXX")
[ -n "${KEEP-}" ] || trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/bin"
# Copies: somebody may build again while this runs.
cp "$history" "$work/bin/history"
cp "${PACKET:-target/release/packet}" "$work/bin/packet"
echo "commit $(git rev-parse --short HEAD)$(git diff --quiet HEAD -- src || echo ' and uncommitted changes')"
python3 benches/ratios.py "$work"
