#!/bin/sh
# Starts Debian's Dovecot in a folder of its own on free loopback ports, so that the dialogues can be
# checked against it: prints the address and the folder, and runs until it is stopped.
#
# usage: peers/dovecot.sh [FOLDER] [PORT]
#
# Every user name logs in with the password "secret" and gets an account of its own at the first login,
# which is what `dialogue --user 'user{n}:secret'` asks for.
# Needs root to install the package and to start (Dovecot refuses to drop rights it does not have).
set -eu

folder=${1:-$(mktemp -d /tmp/dovecot-peer.XXXXXX)}
port=${2:-1144}
export DEBIAN_FRONTEND=noninteractive

command -v dovecot >/dev/null && [ -x /usr/lib/dovecot/imap ] || {
  apt-get update -q >&2 && apt-get install -q -y dovecot-imapd >&2
}
command -v openssl >/dev/null || apt-get install -q -y openssl >&2

mkdir -p "$folder/mail" "$folder/run" "$folder/state"
chmod 755 "$folder"
id vmail >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin vmail
chown vmail "$folder/mail"
[ -f "$folder/cert.pem" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
  -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null

cat > "$folder/dovecot.conf" <<CONF
base_dir = $folder/run
state_dir = $folder/state
log_path = $folder/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <$folder/cert.pem
ssl_key = <$folder/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
auth_failure_delay = 0
auth_cache_size = 0
mail_max_userip_connections = 1000
mail_location = mdbox:~/mdbox
mailbox_list_index = yes
mailbox_idle_check_interval = 1s
first_valid_uid = 1
default_internal_user = dovecot
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=$folder/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    auto = subscribe
    special_use = \Drafts
  }
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Archive {
    auto = subscribe
    special_use = \Archive
  }
  mailbox Junk {
    auto = subscribe
    special_use = \Junk
  }
  mailbox Trash {
    auto = subscribe
    special_use = \Trash
  }
}
service imap-login {
  service_count = 0
  process_min_avail = 1
  inet_listener imap {
    port = $port
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_limit = 2000
  client_limit = 1
}
service anvil {
  client_limit = 5000
}
protocol imap {
  imap_literal_minus = no
  mail_plugins = imap_zlib
}
CONF

echo "dovecot listens on 127.0.0.1:$port, folder $folder" >&2
exec dovecot -F -c "$folder/dovecot.conf"
