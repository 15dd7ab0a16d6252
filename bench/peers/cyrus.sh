#!/bin/sh
# Runs Debian's Cyrus IMAP for the benchmark, in the foreground, with everything in FOLDER.
#
# usage: peers/cyrus.sh FOLDER IMAP_PORT IMAPS_PORT LMTP_PORT USERS
#
# The users are u0, u1 ... with the password "benchmark-1". CYRUS_IMAPD is where its imapd was unpacked,
# CYRUS_MEMORY a folder on a tmpfs.
# Durability: its own, which syncs a message and its index before it answers. Passwords: compared in plain text
# (sasldb). Folders for its processes and its locks are on a tmpfs, as its manual asks for, and the socket folder
# exists, without which idled does not hear.
set -eu
folder=$1 imap=$2 imaps=$3 lmtp=$4 users=$5
bin=$CYRUS_IMAPD/usr/lib/cyrus/bin
memory=$CYRUS_MEMORY
mkdir -p "$folder/conf/socket" "$folder/conf/log" "$folder/spool" "$memory/proc" "$memory/lock"
"$(dirname "$0")/certificate.sh" "$folder"
echo "Cyrus $(dpkg-query -W -f '${Version}' cyrus-common)" >"$folder/version"

if [ ! -e "$folder/users" ]; then
  n=0
  while [ "$n" -lt "$users" ]; do
    printf benchmark-1 | saslpasswd2 -p -c -f "$folder/sasldb" -u localhost "u$n"
    n=$((n + 1))
  done
  : >"$folder/users"
fi

cat >"$folder/imapd.conf" <<CONF
configdirectory: $folder/conf
partition-default: $folder/spool
proc_path: $memory/proc
mboxname_lockpath: $memory/lock
servername: localhost
defaultdomain: localhost
admins: cyrus
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: $folder/sasldb
sasl_mech_list: PLAIN LOGIN
allowplaintext: yes
tls_server_cert: $folder/cert.pem
tls_server_key: $folder/key.pem
unixhierarchysep: yes
altnamespace: yes
autocreate_quota: 0
autocreate_post: yes
conversations: no
idlesocket: $folder/conf/socket/idle
notifysocket: $folder/conf/socket/notify
lmtpsocket: $folder/conf/socket/lmtp
search_engine: none
delete_mode: immediate
expunge_mode: immediate
munge8bit: no
maxlogins_per_user: 0
maxlogins_per_host: 0
CONF
cat >"$folder/cyrus.conf" <<CONF
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C $folder/imapd.conf -r"
}
SERVICES {
  imap cmd="$bin/imapd -C $folder/imapd.conf -U 250" listen="127.0.0.1:$imap" prefork=4 maxchild=3000
  imaps cmd="$bin/imapd -C $folder/imapd.conf -s -U 250" listen="127.0.0.1:$imaps" prefork=1 maxchild=3000
  lmtp cmd="/usr/lib/cyrus/bin/lmtpd -C $folder/imapd.conf -a" listen="127.0.0.1:$lmtp" prefork=1 maxchild=300
}
DAEMON {
  idled cmd="$bin/idled -C $folder/imapd.conf"
}
EVENTS {
}
CONF
chown -R cyrus:mail "$folder" "$memory"
master=$(command -v cyrmaster || echo /usr/lib/cyrus/bin/master)
# Its default backlog of 32 connections makes a crowd of clients wait a second or more for a second try.
exec "$master" -l 1024 -C "$folder/imapd.conf" -M "$folder/cyrus.conf" -p "$folder/master.pid"
