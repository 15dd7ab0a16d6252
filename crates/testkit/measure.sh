#!/usr/bin/env bash
# Measures a server of its own on loopback, with the tool `measure`: docs/benchmarks.md has what came of it.
#
#   crates/testkit/measure.sh [MESSAGES]        (100,000 by default; run as root to drop the page cache)
#   crates/testkit/measure.sh idle [SESSIONS]   (memory of so many idle sessions, 1,000 by default)
set -euo pipefail
cd "$(dirname "$0")/../.."

workload=speed
[ "${1:-}" = idle ] && { workload=idle; shift; }
count="${1:-$([ "$workload" = idle ] && echo 1000 || echo 100000)}"
target="${CARGO_TARGET_DIR:-${POSTROOM_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/postroom/target}}"
export CARGO_TARGET_DIR="$target"
cargo build --release --quiet -p postroom -p testkit
data="$(mktemp -d)/data"
users=()
for n in $(seq 0 $([ "$workload" = idle ] && echo $((count - 1)) || echo 127)); do users+=(--user "user$n:measure-me-1"); done

start() {
    : >"$data.log"
    "$target/release/postroom" demo --empty --insecure-loopback --data "$data" --imap 127.0.0.1:0 \
        --imaps 127.0.0.1:0 --http 127.0.0.1:0 "${users[@]}" >"$data.log" 2>&1 &
    server=$!
    for _ in $(seq 600); do
        address="$(sed -n 's/^ *IMAP *\([0-9.:]*\).*/\1/p' "$data.log")"
        tls="$(sed -n 's/^ *IMAPS *\([0-9.:]*\).*/\1/p' "$data.log")"
        [ -n "$address" ] && [ "${address##*:}" != 0 ] && return
        sleep 0.2
    done
    echo "the server did not start:" >&2
    cat "$data.log" >&2
    exit 1
}
stop() { kill "$server" && wait "$server" || true; }
trap 'stop; rm -rf "$(dirname "$data")"' EXIT
measure() { "$target/release/measure" --server "$address" "$@"; }

date -u
uptime
if [ "$workload" = idle ]; then
    start
    measure spread --users "$count" --messages 10000
    stop
    start
    measure idle --sessions "$count" --seconds "${IDLE_SECONDS:-600}" --tls "$tls" --process "$server"
    exit
fi

start
measure fill --messages "$count"
measure select
measure time 'FETCH 1:* (FLAGS)'
measure time 'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)'
measure time 'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)'
measure time 'STORE 1:* +FLAGS.SILENT (\Flagged)' --rounds 1
measure time 'STORE 1:* -FLAGS.SILENT (\Flagged)' --rounds 1
measure time 'STORE 1:* +FLAGS (\Flagged)' --rounds 1
measure qresync
for clients in 1 16; do measure store --clients "$clients"; done
stop
for _ in 1 2 3; do
    start
    if sync && echo 3 >/proc/sys/vm/drop_caches 2>/dev/null; then echo "cold:"; else echo "restarted, page cache warm:"; fi
    measure select --rounds 1
    stop
done
start
for clients in 1 16 128; do
    measure append --clients "$clients"
    measure append --clients "$clients" --many
done
