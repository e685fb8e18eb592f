#!/usr/bin/env bash
# Flips a bit of every byte and cuts at every length: every object, loose file, pack, reference and renamed signature of
# a release. Prints how many cases were refused and how many gave the identical verdict; fails at the first other one.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The clone's anchor is synced at each yes: a memory file system makes that cheap.
if [ -d /dev/shm ]; then export TMPDIR=/dev/shm; fi
PACKET_FLIPS=all cargo test --release --locked --test it -- flips:: --nocapture
