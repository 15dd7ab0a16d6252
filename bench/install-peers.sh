#!/usr/bin/env bash
# Installs Debian's Dovecot and Cyrus, which the benchmark compares with, if they are missing. Needs root.
# Nothing of them is started as a service.
set -euo pipefail
cd "$(dirname "$0")"

packages=()
[ -x /usr/lib/dovecot/imap ] || packages+=(dovecot-imapd)
[ -x /usr/lib/dovecot/lmtp ] || packages+=(dovecot-lmtpd)
ls /usr/lib/dovecot/modules/*fts_xapian* >/dev/null 2>&1 || packages+=(dovecot-fts-xapian)
[ -x /usr/lib/cyrus/bin/ctl_cyrusdb ] || packages+=(cyrus-common)
command -v saslpasswd2 >/dev/null || packages+=(sasl2-bin libsasl2-modules libsasl2-modules-db)
command -v openssl >/dev/null || packages+=(openssl)
if [ ${#packages[@]} -gt 0 ]; then
    [ "$(id -u)" -eq 0 ] || { echo "missing: ${packages[*]}; run this as root" >&2; exit 1; }
    export DEBIAN_FRONTEND=noninteractive
    # Debian starts what it installs, unless this says no.
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; trap 'rm -f "$policy"' EXIT; }
    apt-get update -q
    apt-get install -y -q --no-install-recommends "${packages[@]}"
fi
id vmail >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin vmail

# Debian does not install Cyrus' imapd beside Dovecot's, so it is unpacked into a folder.
cyrus="${1:?usage: install-peers.sh FOLDER_FOR_CYRUS_IMAPD}"
if [ ! -x "$cyrus/usr/lib/cyrus/bin/imapd" ]; then
    mkdir -p "$cyrus"
    # apt fetches as a user of its own.
    chmod 777 "$cyrus"
    (cd "$cyrus" && apt-get download -q cyrus-imapd && dpkg -x cyrus-imapd_*.deb . && rm -f cyrus-imapd_*.deb)
    chmod 755 "$cyrus"
fi
