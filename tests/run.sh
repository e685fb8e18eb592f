#!/usr/bin/env bash
# Passes the tests: installs what they need where it may, else says what is missing; then format, lints, docs, tests.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(uname -s)" != Linux ]; then
  echo "packet runs on Linux; this is $(uname -s)" >&2
  exit 2
fi

declare -A package=([git]=git [ssh-keygen]=openssh-client [ssh-agent]=openssh-client [strace]=strace
  [faketime]=faketime [b3sum]=b3sum [sha256sum]=coreutils [script]=bsdutils [c++]=g++ [gdb]=gdb)
missing=()
for program in "${!package[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
  else
    echo "missing: ${missing[*]}" >&2
    echo "install them, for instance: sudo apt-get install ${missing[*]}" >&2
    exit 2
  fi
fi
if ! command -v cargo-nextest >/dev/null; then
  cargo install cargo-nextest --locked
fi

# A clean checkout builds once: nothing to reuse next time, and nobody to debug with it.
if [ "${CI:-}" = true ]; then export CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_DEBUG=0; fi
# Optimizing `packet` itself takes minutes and the tests gain nothing: what they wait for is git, disks and dependencies.
build=(--release --locked --config 'profile.release.package.packet.opt-level=1')
export RUSTDOCFLAGS="-D warnings"
# Every write of the tool syncs its file system: on a disk that others use, that is most of what the tests wait for. What
# a sync is worth is tested on loop-mounted disks (tests/sweeps), not here.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
  TMPDIR=$(mktemp -d /dev/shm/packet-tests-XXXXXX)
  export TMPDIR
  trap 'rm -rf "$TMPDIR"' EXIT
fi
step() { printf '\n== %s\n' "$*"; }
step format; cargo fmt --check; cargo fmt --check --manifest-path fuzz/Cargo.toml
step lints;  cargo clippy --release --all-targets --locked -- -D warnings
# With an example named, dependencies have the features that the lints saw them with, and are not checked again.
step docs;   cargo doc --release --no-deps --locked --lib --examples
step examples in the documentation of the code; cargo test --doc "${build[@]}"
step tests;  cargo nextest run "${build[@]}" --no-fail-fast
step fuzz;   bash fuzz/run.sh 30
