#!/usr/bin/env bash
# Fuzzes every target for SECONDS each (30), seven at a time, and says what each did; fails on any finding.
#   bash fuzz/run.sh           as CI does: the crate's own edges are counted; dependencies are those built for the tests
#   bash fuzz/run.sh 300 all   edges of all dependencies too, which takes minutes more to build
# Needs a C++ compiler; neither cargo-fuzz nor a nightly toolchain, though the layout is cargo-fuzz's:
#   RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none charter
# No sanitizer: the crate forbids unsafe code. Overflow checks and debug assertions are on.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-30}

export COVERAGE="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares"
build=(cargo build --release --locked --bins)
if [ "${2:-}" = all ]; then
  # With a target named, programs that only build (macros, build scripts) are not instrumented.
  host=$(rustc -vV | sed -n 's/^host: //p')
  built=target/$host/release
  RUSTFLAGS=$(echo $COVERAGE) "${build[@]}" --target "$host" --target-dir target
else
  built=../target/release
  RUSTC_WRAPPER="$PWD/rustc.sh" "${build[@]}" --target-dir ../target
fi
export seconds built

# Files that targets write need no disk.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then TMPDIR=$(mktemp -d /dev/shm/packet-fuzz.XXXXXX); else TMPDIR=$(mktemp -d); fi
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

fuzz() {
  local name=$1 log="$TMPDIR/$1.log" status=passed
  mkdir -p "found/$name" "artifacts/$name"
  local options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=256 -max_len=65536 -print_final_stats=1
    -artifact_prefix="artifacts/$name/")
  if [ -f "dictionaries/$name.dict" ]; then options+=(-dict="dictionaries/$name.dict"); fi
  "$built/$name" "${options[@]}" "found/$name" "corpus/$name" >"$log" 2>&1 || status=FAILED
  local executed peak edges
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
  edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  printf '%-9s %s: %9s executions, %5s edges, %4s MiB at most\n' "$name" "$status" "${executed:-?}" "${edges:-?}" "${peak:-?}"
  if [ "$status" = FAILED ]; then
    tail -40 "$log"
    return 1
  fi
}
export -f fuzz

targets=$(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | grep -v packet-fuzz)
count=$(wc -w <<<"$targets")
if xargs -P 7 -I{} bash -c 'fuzz {}' <<<"$targets"; then
  echo "fuzz: $count targets, ${seconds} s each: 0 panics, 0 hangs, at most 256 MiB"
else
  echo "fuzz: findings in fuzz/artifacts; run one again with $built/TARGET FILE, in fuzz/" >&2
  exit 1
fi
