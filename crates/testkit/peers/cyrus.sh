#!/bin/sh
# Starts Debian's Cyrus IMAP in a folder of its own on a free loopback port, so that the dialogues can be
# checked against it too: it has extensions that Dovecot does not advertise. Runs until it is stopped.
#
# usage: peers/cyrus.sh [FOLDER] [PORT]
#
# The users are user1 and user2 with the password "secret": `dialogue --user user1:secret --user user2:secret`.
# Debian does not install Cyrus and Dovecot together, so imapd is unpacked beside the packages.
# Needs root to install the packages and to start.
set -eu

folder=${1:-$(mktemp -d /tmp/cyrus-peer.XXXXXX)}
port=${2:-1145}
export DEBIAN_FRONTEND=noninteractive

[ -x /usr/lib/cyrus/bin/ctl_cyrusdb ] && command -v saslpasswd2 >/dev/null || {
  apt-get update -q >&2 && apt-get install -q -y cyrus-common sasl2-bin libsasl2-modules libsasl2-modules-db >&2
}
mkdir -p "$folder/package" "$folder/conf/socket" "$folder/conf/proc" "$folder/conf/lock" "$folder/conf/log" \
  "$folder/spool"
[ -x "$folder/package/usr/lib/cyrus/bin/imapd" ] || (
  # The folder of a package that apt fetches as its own user.
  chmod 777 "$folder/package"
  cd "$folder/package"
  apt-get download -q cyrus-imapd >&2
  dpkg -x cyrus-imapd_*.deb .
)
for user in user1 user2; do
  printf secret | saslpasswd2 -p -c -f "$folder/sasldb" -u localhost "$user"
done

cat > "$folder/imapd.conf" <<CONF
configdirectory: $folder/conf
partition-default: $folder/spool
proc_path: $folder/conf/proc
mboxname_lockpath: $folder/conf/lock
servername: localhost
defaultdomain: localhost
admins: cyrus
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: $folder/sasldb
sasl_mech_list: PLAIN LOGIN
allowplaintext: yes
unixhierarchysep: yes
altnamespace: yes
autocreate_quota: 0
autocreate_inbox_folders: Drafts|Sent|Archive|Junk|Trash
autocreate_subscribe_folders: Drafts|Sent|Archive|Junk|Trash
xlist-drafts: Drafts
xlist-sent: Sent
xlist-archive: Archive
xlist-junk: Junk
xlist-trash: Trash
specialusealways: yes
conversations: no
imapidlepoll: 1
idlesocket: $folder/conf/socket/idle
notifysocket: $folder/conf/socket/notify
search_engine: none
delete_mode: immediate
munge8bit: no
CONF
cat > "$folder/cyrus.conf" <<CONF
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C $folder/imapd.conf -r"
}
SERVICES {
  imap cmd="$folder/package/usr/lib/cyrus/bin/imapd -C $folder/imapd.conf -U 30" listen="127.0.0.1:$port" prefork=0 maxchild=200
}
DAEMON {
  idled cmd="$folder/package/usr/lib/cyrus/bin/idled -C $folder/imapd.conf"
}
EVENTS {
}
CONF
chown -R cyrus:mail "$folder"

echo "cyrus listens on 127.0.0.1:$port, folder $folder" >&2
master=$(command -v cyrmaster || echo /usr/lib/cyrus/bin/master)
exec "$master" -C "$folder/imapd.conf" -M "$folder/cyrus.conf" -p "$folder/master.pid"
