#!/usr/bin/env bash
# Installs cargo-deny into a folder, unless this version of it is there.
set -euo pipefail

version=0.20.2
tools="$1"
if [ "$("$tools/bin/cargo-deny" --version 2>/dev/null || true)" != "cargo-deny $version" ]; then
    cargo install cargo-deny --version "$version" --locked --root "$tools" --target-dir "$tools/build"
    rm -rf "$tools/build"
fi
