#!/bin/sh
# Runs Postroom for the benchmark, in the foreground, with everything in FOLDER.
#
# usage: peers/postroom.sh FOLDER IMAP_PORT IMAPS_PORT LMTP_PORT USERS
#
# The users are u0, u1 ... with the password "benchmark-1". POSTROOM names the program.
# Durability: as always; there is no other. Passwords: Argon2id at the lowest cost there is, or with
# POSTROOM_PASSWORDS=default at the one it has by default, with SCRAM.
set -eu
folder=$1 imap=$2 imaps=$3 lmtp=$4 users=$5
mkdir -p "$folder"
chmod 755 "$folder"
"$(dirname "$0")/certificate.sh" "$folder"
"$POSTROOM" --version >"$folder/version"

cat >"$folder/postroom.toml" <<CONF
data = "$folder/data"
default_domain = "localhost"
user = "vmail"
allow_plaintext_login = "loopback"

[[listener]]
protocol = "imap"
address = "127.0.0.1:$imap"

[[listener]]
protocol = "imaps"
address = "127.0.0.1:$imaps"

[[listener]]
protocol = "lmtp"
address = "127.0.0.1:$lmtp"

[tls]
certificate = "$folder/cert.pem"
key = "$folder/key.pem"

[limits]
connections_per_user = 20000
# The disk of a benchmark may be fuller than that of a mail server.
disk_reserve_bytes = "64 MiB"

[log]
level = "warn"
CONF
if [ "${POSTROOM_PASSWORDS:-cheap}" = cheap ]; then
  cat >>"$folder/postroom.toml" <<CONF

[passwords]
memory_kib = 8
passes = 1
scram = "off"
CONF
fi

if [ ! -e "$folder/users" ]; then
  mkdir -p "$folder/data"
  chown vmail "$folder/data"
  chmod 700 "$folder/data"
  # Elsewhere, so that nobody takes this for the server that is to be measured.
  sed 's/^address = .*/address = "127.0.0.1:0"/' "$folder/postroom.toml" >"$folder/users.toml"
  "$POSTROOM" serve --config "$folder/users.toml" 2>>"$folder/log" &
  server=$!
  n=0 tries=0
  while [ "$n" -lt "$users" ]; do
    if echo benchmark-1 | "$POSTROOM" user add "u$n" --password-stdin --config "$folder/postroom.toml" >/dev/null 2>>"$folder/log"
    then n=$((n + 1))
    # The server may not be ready yet.
    else
      tries=$((tries + 1))
      [ "$tries" -lt 100 ] || { kill "$server"; tail -n 3 "$folder/log" >&2; exit 1; }
      sleep 0.1
    fi
  done
  kill "$server"
  wait "$server" || true
  : >"$folder/users"
fi
exec "$POSTROOM" serve --config "$folder/postroom.toml" 2>>"$folder/log"
