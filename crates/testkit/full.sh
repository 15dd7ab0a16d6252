#!/usr/bin/env bash
# What takes longer than CI has: ./test --full runs it after everything else. docs/testing.md says what it is.
set -euo pipefail
cd "$(dirname "$0")/../.."

export HISTORIES="${HISTORIES:-10000}" KILLS="${KILLS:-100}" PROPTEST_CASES="${PROPTEST_CASES:-20000}"
echo "histories: $HISTORIES, kills of each kind: $KILLS, cases of each property: $PROPTEST_CASES"
cargo test --release -p mailstore --test histories
cargo test --release -p postroom --test kills -- --nocapture
STRESS_SECONDS="${STRESS_SECONDS:-1800}" cargo test --release -p postroom --test stress -- --nocapture
cargo test --release -p model -p message -p imap-proto -p storage -p mailstore --lib
fuzz/run "${FUZZ_SECONDS:-600}"
