#!/bin/sh
# Install what a target needs, from hashed locks: `sh local/install.sh dev sam cloud`.
# dev goes to .venv, sam and cloud to .local/tools. Each has a stamp: nothing is done where nothing changed.
set -eu
cd "$(dirname "$0")/.."
TOOLS=.local/tools

stop() { echo "$1" >&2; exit 1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    stop "Python 3.11 or later is missing: install it, or name it: make PYTHON=/path/to/python3.12"
}

# An environment's stamp says where it was made, by which Python and from which lock.
stamp() { echo "$(pwd) $PYTHON $(cksum <"$1")"; }
is_done() { [ -x "$1/bin/python" ] && [ "$(cat "$1/.stamp" 2>/dev/null)" = "$(stamp "$2")" ]; }
# A moved checkout or another Python leaves an environment that cannot be mended in place.
is_foreign() { [ -f "$1/.stamp" ] && ! grep -qF "$(pwd) $PYTHON " "$1/.stamp"; }

install_uv() {
    is_done "$TOOLS/uv" requirements/uv.txt && return
    echo "Installing uv ..." >&2
    rm -rf "$TOOLS/uv"
    "$PYTHON" -m venv "$TOOLS/uv" >/dev/null 2>&1 ||
        stop "Python's venv module does not work: install it (Debian, Ubuntu: apt-get install python3-venv)"
    "$TOOLS/uv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/uv.txt ||
        stop "uv could not be installed: is the package registry reachable?"
    stamp requirements/uv.txt >"$TOOLS/uv/.stamp"
}

# $1 folder, $2 lock, $3 what it is, in words
install_environment() {
    is_done "$1" "$2" && return
    install_uv
    echo "Installing $3 ..." >&2
    if is_foreign "$1" || ! "$1/bin/python" -c '' 2>/dev/null; then
        "$TOOLS/uv/bin/uv" venv --quiet --clear --python "$PYTHON" "$1"
    fi
    "$TOOLS/uv/bin/uv" pip sync --quiet --python "$1/bin/python" --require-hashes "$2" ||
        stop "$3 could not be installed: is the package registry reachable?"
    stamp "$2" >"$1/.stamp"
}

command -v git >/dev/null || stop "git is missing: install it (Debian, Ubuntu: apt-get install git)"
PYTHON=$(find_python)
mkdir -p "$TOOLS"
for wanted in "$@"; do
    case $wanted in
    uv) install_uv ;;
    dev) install_environment .venv requirements/dev.txt "the tests' and tools' packages" ;;
    sam) install_environment "$TOOLS/sam" requirements/sam.txt "the SAM command line" ;;
    cloud) install_environment "$TOOLS/cloud" requirements/cloud.txt "the embedded cloud" ;;
    *) stop "local/install.sh knows dev, sam, cloud and uv, not $wanted" ;;
    esac
done
