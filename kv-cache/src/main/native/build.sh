#!/bin/sh
# Builds digests, records and the keeper of memory for this machine's system into the folder given (default: the resources that ship).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here/../resources/native/linux-x86_64}
mkdir -p "$to"
${CC:-cc} -O3 -std=gnu11 -Wall -Wextra -Werror -Wno-psabi -fPIC -fvisibility=hidden -mtune=generic -shared \
    -Wl,--build-id=none -Wl,-z,relro,-z,now -s "$here/digest.c" "$here/block.c" "$here/record.c" "$here/keeper.c" -o "$to/libbatonkv.so"
