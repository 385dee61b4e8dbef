#!/bin/sh
# Builds the kernels for this machine's system into the folder given (default: the resources that ship).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-$here/../resources/native/linux-x86_64}
mkdir -p "$to"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
running=
for source in "$here"/*.c; do
    ${CC:-cc} -O3 -std=gnu11 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -ffp-contract=off -fno-math-errno -fno-trapping-math \
        -mtune=generic -c "$source" -o "$objects/$(basename "$source" .c).o" &
    running="$running $!"
done
for one in $running; do wait "$one"; done
${CC:-cc} -shared -Wl,--build-id=none -Wl,-z,relro,-z,now -s "$objects"/*.o -lpthread -lm -o "$to/libbaton.so"
