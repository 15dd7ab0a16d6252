#!/bin/sh
# Makes one certificate for all servers of the benchmark (ECDSA P-256, so that no handshake is dearer by its key).
#
# usage: peers/certificate.sh FOLDER        gives FOLDER/cert.pem and FOLDER/key.pem
set -eu
[ -f "$1/cert.pem" ] && exit
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
chmod 644 "$1/key.pem"
