#!/bin/sh
# Builds the kernels for this machine's system into the folder given (default: the resources that ship).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here/../resources/native/linux-x86_64}
mkdir -p "$to"
${CC:-cc} -O3 -std=gnu11 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -ffp-contract=off -fno-math-errno \
    -mtune=generic -Wl,--build-id=none -Wl,-z,relro,-z,now -s \
    "$here"/*.c -lpthread -lm -o "$to/libbaton.so"

