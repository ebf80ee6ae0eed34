#!/usr/bin/env bash
# Installs the peers that bench/performance.sh runs beside Eva: PyTorch in a virtual environment, llama.cpp built from
# the sources in llama-cpp-python's source package, and the model of preset lite, drawn by Eva, as GGUF files.
#   bench/peers/setup.sh FOLDER TOKENIZER
# FOLDER takes about 10 GB; TOKENIZER is a folder with tokenizer.json and tokenizer_config.json of DeepSeek-V3, without
# which llama.cpp does not take the model. What is there already is kept.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: bench/peers/setup.sh FOLDER TOKENIZER" >&2; exit 2; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$1"
tokenizer=$(cd "$2" && pwd)
cd "$1"

[ -x venv/bin/python ] || python3 -m venv venv
venv/bin/pip install -q torch==2.15.0 transformers numpy safetensors gguf setuptools scikit-build-core

if ! [ -x llama.cpp/build/bin/llama-bench ]; then
    if ! [ -d llama.cpp ]; then
        venv/bin/pip download -q --no-deps --no-build-isolation --no-binary llama_cpp_python -d . \
            'llama_cpp_python==0.3.36'
        mkdir -p sources
        tar xzf llama_cpp_python-0.3.36.tar.gz -C sources
        mv sources/*/vendor/llama.cpp llama.cpp
    fi
    cmake -S llama.cpp -B llama.cpp/build -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF \
        -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
    cmake --build llama.cpp/build -j 2 --target llama-bench llama-quantize
fi

mkdir -p lite
for type in f32 bf16 fp8; do
    [ -d "lite/$type" ] || "$root/eva" init --preset lite --dtype "$type" "lite/$type"
done
# Q8_0 has the head in 8 bits, too.
[ -d lite/fp8-head ] || "$root/eva" init --preset lite --dtype fp8 --fp8-head lite/fp8-head
# The same weights for llama.cpp: BF16 holds them exactly, so F32 is made of it.
mkdir -p gguf
cp lite/bf16/*.safetensors lite/bf16/*.json gguf/
cp "$tokenizer"/tokenizer*.json gguf/
for type in f32 bf16; do
    [ -f "lite-$type.gguf" ] ||
        venv/bin/python llama.cpp/convert_hf_to_gguf.py gguf --outtype "$type" --outfile "lite-$type.gguf"
done
[ -f lite-q8_0.gguf ] || llama.cpp/build/bin/llama-quantize lite-bf16.gguf lite-q8_0.gguf q8_0 2
rm -r gguf
