#!/usr/bin/env bash
# Builds DJL's binding for the libtorch of a Python's `torch`, and puts it where DJL looks for it.
#   build-jni.sh DJL [PYTHON]   DJL: its sources at v0.35.1; PYTHON: one that has torch 2.7 or newer (python3)
#   JAVA_HOME: a JDK; CXX: the compiler (g++); JOBS: how many at a time (as many as there are cores)
#   ENGINE_CACHE_DIR, DJL_CACHE_DIR: DJL's own, where Baton's process has them (~/.djl.ai)
# Ends with the variables that Baton needs on standard output; everything else goes to standard error.
set -euo pipefail
djl_version=0.35.1

fail() { echo "build-jni.sh: $*" >&2; exit 1; }

[ $# -ge 1 ] || fail "the folder of DJL's sources is missing: tools/libtorch/README.md says how to get them"
djl=$(cd "$1" && pwd)
python=${2:-python3}
native=$djl/engines/pytorch/pytorch-native
[ -f "$native/src/main/native/djl_pytorch_utils.h" ] || fail "$djl holds no sources of DJL's PyTorch engine"
[ -f "${JAVA_HOME:-}/include/jni.h" ] || fail "JAVA_HOME is '${JAVA_HOME:-}', where there is no include/jni.h: set it to a JDK"

# Read from the package's files: it need not load here.
read -r torch version < <("$python" - <<'END'
import importlib.util, os, re
spec = importlib.util.find_spec("torch")
if spec and spec.origin:
    folder = os.path.dirname(spec.origin)
    print(folder, re.search(r"^__version__ = '([^']+)'", open(folder + "/version.py").read(), re.M)[1])
END
) || fail "$python has no torch"
grep -q __cxx11 "$torch/lib/libc10.so" || fail "torch $version in $torch is built for another C++ library: take 2.7 or newer"
flavor=cpu
case $version in *+cu*) flavor=${version#*+} ;; esac
release=${version%%+*}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
headers=$native/build/include
if [ ! -f "$headers/ai_djl_pytorch_jni_PyTorchLibrary.h" ]; then
    headers=$work/include
    sources=$djl/engines/pytorch/pytorch-engine/src/main/java
    "$JAVA_HOME/bin/javac" -sourcepath "$sources" -h "$headers" -d "$work/classes" \
        "$sources/ai/djl/pytorch/jni/PyTorchLibrary.java" >&2
fi

cxx=${CXX:-g++}
mkdir "$work/o"
standard=c++17
if grep -q 'C++20 or later' "$torch/include/torch/csrc/api/include/torch/all.h"; then standard=c++20; fi
echo "Building DJL's binding $djl_version for torch $version in $torch" >&2
(cd "$native/src/main/native" && printf '%s\0' *.cc) | xargs -0 -P "${JOBS:-$(nproc)}" -I{} \
    "$cxx" -std="$standard" -O2 -fPIC -w -c "$native/src/main/native/{}" -o "$work/o/{}.o" \
    -I"$headers" -I"$djl/api/src/main/native" -I"$JAVA_HOME/include" -I"$JAVA_HOME/include/linux" \
    -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include" >&2
"$cxx" -shared -Wl,--no-undefined -Wl,--as-needed -o "$work/libdjl_torch.so" "$work"/o/*.o \
    -L"$torch/lib" -Wl,-rpath-link,"$torch/lib" -Wl,--allow-shlib-undefined -ltorch -ltorch_cpu -lc10 >&2

cache=${ENGINE_CACHE_DIR:-${DJL_CACHE_DIR:-$HOME/.djl.ai}}
folder=$cache/pytorch/$release-$flavor-linux-$(uname -m)
mkdir -p "$folder"
mv "$work/libdjl_torch.so" "$folder/$djl_version-libdjl_torch.so"
echo "It lies in $folder. For Baton:" >&2
echo "export PYTORCH_LIBRARY_PATH=$torch/lib PYTORCH_VERSION=$release PYTORCH_FLAVOR=$flavor"
