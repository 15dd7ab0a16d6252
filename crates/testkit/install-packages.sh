#!/usr/bin/env bash
# Installs the Debian packages that the build and the tests need, if any is missing.
set -euo pipefail

packages=(g++ make libclang-dev curl isync python3 python3-venv nodejs npm strace postfix valgrind)
# The other mail clients of crates/postroom/tests/clients.rs, and the terminal that two of them are driven in.
packages+=(offlineimap3 fetchmail getmail6 neomutt alpine tmux)
# Whether one of these exists; a pattern that matches nothing stands for itself.
has_file() {
    local file
    for file in "$@"; do [ -e "$file" ] && return; done
    return 1
}
missing=()
for package in "${packages[@]}"; do
    case "$package" in
        # Present is what can be run, from wherever it came.
        g++) command -v c++ >/dev/null || missing+=("$package") ;;
        # Not libclang-cpp, which comes with other packages and is of no use here.
        libclang-dev) has_file /usr/lib/llvm-*/lib/libclang{,-[0-9]*}.so* /usr/lib/*/libclang{,-[0-9]*}.so* || missing+=("$package") ;;
        isync) command -v mbsync >/dev/null || missing+=("$package") ;;
        offlineimap3) command -v offlineimap >/dev/null || missing+=("$package") ;;
        getmail6) command -v getmail >/dev/null || missing+=("$package") ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=("$package") ;;
        # Its folder is not in everybody's PATH.
        postfix) [ -x /usr/sbin/postfix ] || missing+=("$package") ;;
        nodejs) command -v node >/dev/null || missing+=("$package") ;;
        *) command -v "$package" >/dev/null || missing+=("$package") ;;
    esac
done
[ ${#missing[@]} -eq 0 ] && { echo "all there"; exit 0; }
if [ "$(id -u)" -ne 0 ]; then
    echo "missing: ${missing[*]}; install with: sudo apt-get install -y ${missing[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${missing[@]}"
