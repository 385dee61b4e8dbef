#!/usr/bin/env bash
# Gets llama.cpp and OpenVINO, and random checkpoints that they and Baton load, for `./baton bench engine`.
#   setup.sh [FOLDER]      FOLDER: .baton/rivals beside Baton's sources, where the bench looks by itself
#   WITH="llama openvino"  which rivals; JOBS: of the build (as many as there are cores)
# Needs python3 with venv, a C++ compiler, 25 GB of disk, and some 20 minutes on two cores, most of it llama.cpp's build.
# What is there already is not made again, so it can be run again after a failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rivals=${1:-$here/../../.baton/rivals}
with=" ${WITH:-llama openvino} "
shapes="135M 1.1B"
mkdir -p "$rivals"
rivals=$(cd "$rivals" && pwd)
cd "$rivals"

wants() { case "$with" in *" $1 "*) true ;; *) false ;; esac; }
venv() { [ -d "$1" ] || { python3 -m venv "$1" && "$1/bin/pip" -q install --upgrade pip; }; }

# torch and transformers write the checkpoints and convert them.
venv t
t/bin/python -c 'import torch, transformers' 2>/dev/null ||
    t/bin/pip -q install torch==2.15.0 transformers==5.23.0 safetensors sentencepiece
for shape in $shapes; do
    [ -s "hf/$shape/words.json" ] || t/bin/python "$here/make_model.py" hf "$shape"
done

# llama.cpp's sources come with those of its Python binding; converter and programs are of one version that way. OpenVINO's
# files are written by its converter too.
version=0.3.36
if [ ! -d llama ]; then
    venv buildenv
    buildenv/bin/pip -q install scikit-build-core cmake ninja
    PATH="$rivals/buildenv/bin:$PATH" buildenv/bin/pip -q download --no-deps --no-binary :all: --no-build-isolation \
        "llama-cpp-python==$version"
    tar xzf "llama_cpp_python-$version.tar.gz"
    mv "llama_cpp_python-$version/vendor/llama.cpp" llama
    rm -r "llama_cpp_python-$version" "llama_cpp_python-$version.tar.gz"
fi
if wants llama && [ ! -x llama/build/bin/llama-batched-bench ]; then
    PATH="$rivals/buildenv/bin:$PATH"
    cmake -S llama -B llama/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_CURL=OFF \
        -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF >build.log
    for target in llama-bench llama-batched-bench; do
        cmake --build llama/build -j "${JOBS:-$(nproc)}" --target "$target" >>build.log
    done
fi

if wants openvino; then
    venv ov
    ov/bin/python -c 'import openvino_genai' 2>/dev/null ||
        ov/bin/pip -q install openvino==2026.4.1 openvino-genai==2026.4.1.0 openvino-tokenizers==2026.4.1.0 numpy
fi

# One set of weights in each engine's format: bf16 for llama.cpp, f16 for OpenVINO, whose reader knows no bf16; q8_0 for both.
types=q8_0
wants llama && types="$types bf16"
wants openvino && types="$types f16"
mkdir -p gguf
for shape in $shapes; do
    for type in $types; do
        [ -s "gguf/$shape-$type.gguf" ] && continue
        t/bin/python "$here/to_gguf.py" llama "hf/$shape" --outtype "$type" --outfile "gguf/$shape-$type.part" >>build.log 2>&1
        mv "gguf/$shape-$type.part" "gguf/$shape-$type.gguf"
    done
done
echo "./baton bench engine --rivals $rivals"
