#!/bin/sh
# Make the hashed locks anew from the .in files: `make lock`. Review the difference before you commit it.
set -eu
cd "$(dirname "$0")/.."
UV=.local/tools/uv/bin/uv
# The lowest Python that the project runs on; `--universal` covers the later ones and every platform.
lock() { "$UV" pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
    --custom-compile-command "make lock" --output-file "$2" "$1"; }

lock layers/dependencies/requirements.in layers/dependencies/requirements.txt
for name in dev sam cloud uv; do
    lock "requirements/$name.in" "requirements/$name.txt"
done
