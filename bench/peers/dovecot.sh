#!/bin/sh
# Runs Debian's Dovecot for the benchmark, in the foreground, with everything in FOLDER.
#
# usage: peers/dovecot.sh FOLDER IMAP_PORT IMAPS_PORT LMTP_PORT USERS [MAIL_FOLDER]
#
# Every name logs in with the password "benchmark-1". Durability: sdbox with mail_fsync=always, so that an append is
# on the disk when it is answered; DOVECOT_FSYNC chooses another, its default is "optimized". Passwords: one for all, compared in plain text.
# With MAIL_FOLDER, another instance's mail is served with the full-text plugin on: an index is made at the first search.
set -eu
folder=$1 imap=$2 imaps=$3 lmtp=$4 mail=${6:-$1/mail}
mkdir -p "$folder/run" "$folder/state" "$mail"
chmod 755 "$folder"
chown vmail "$mail"
"$(dirname "$0")/certificate.sh" "$folder"
echo "Dovecot $(dovecot --version)" >"$folder/version"

cat >"$folder/dovecot.conf" <<CONF
base_dir = $folder/run
state_dir = $folder/state
log_path = $folder/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <$folder/cert.pem
ssl_key = <$folder/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_max_userip_connections = 20000
mail_location = sdbox:~/sdbox
mail_fsync = ${DOVECOT_FSYNC:-always}
first_valid_uid = 1
default_internal_user = dovecot
default_client_limit = 12000
passdb {
  driver = static
  args = password=benchmark-1
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=$mail/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
}
# One login process for many clients: what its manual calls the high-performance mode.
service imap-login {
  service_count = 0
  process_min_avail = 2
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
  }
}
service imap {
  process_limit = 3000
  process_min_avail = 4
}
service lmtp {
  process_limit = 300
  process_min_avail = 4
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp
  }
}
CONF
if [ $# -ge 6 ]; then
  echo "its fts-xapian $(dpkg-query -W -f '${Version}' dovecot-fts-xapian)" >>"$folder/version"
  cat >>"$folder/dovecot.conf" <<CONF
mail_plugins = fts fts_xapian
plugin {
  fts = xapian
  fts_xapian = partial=3 full=20
  fts_enforced = yes
}
service indexer-worker {
  vsz_limit = 2G
}
CONF
fi
exec dovecot -F -c "$folder/dovecot.conf"
