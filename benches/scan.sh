#!/bin/sh
# Makes invented identifiers in a mixture of bytes, scans it with the built `packet`, and prints what was found, missed,
# reported wrongly, how fast, and in how much memory.
#
#   benches/scan.sh                                some minutes, 6 GiB below TMPDIR
#   SIZE_MIB=32 LARGE_MIB=256 ROUNDS=2 benches/scan.sh     a quick look
#   ONLY=recall,worst benches/scan.sh              some of it: recall (with look-alikes), random, real, speed,
#                                                  large, worst, regions
#
# The directory is made below TMPDIR and removed at the end; KEEP=1 keeps it. PACKET=FILE measures another binary. SEED
# chooses other identifiers. MISSES=FILE takes a list of what was missed.
set -eu
cd "$(dirname "$0")/.."
[ -n "${PACKET-}" ] || cargo build --release --bin packet
work=$(mktemp -d "${TMPDIR:-/tmp}/packet-scan-XXXXXX")
[ -n "${KEEP-}" ] || trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/bin"
# A copy: somebody may build again while this runs.
cp "${PACKET:-target/release/packet}" "$work/bin/packet"
echo "commit $(git rev-parse --short HEAD)$(git diff --quiet HEAD -- src || echo ' and uncommitted changes')"
python3 benches/scan/measure.py "$work" src/scan/taxonomy.toml
