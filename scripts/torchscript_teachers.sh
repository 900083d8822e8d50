#!/usr/bin/env bash
# Serves models of torchvision and timm, scripted and traced, with random weights and small images,
# and compares the answers with Python's. Prints a table in Markdown, and ends with 1 if an answer
# differs. Takes about an hour; its Python packages are in build/torchscript_teachers.
#   scripts/torchscript_teachers.sh           all models
#   scripts/torchscript_teachers.sh NAME...   some of them: resnet18, timm/vit_tiny_patch16_224
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

section "Set-up"
scripts/setup.sh --for=build
folder=build/torchscript_teachers
mkdir -p "$folder/proto"
[[ -x $folder/venv/bin/python ]] || python3 -m venv "$folder/venv"
# Without their dependencies: those of torch are gigabytes of CUDA's libraries.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
  torch==2.13.0 torchvision==0.28.0 timm==1.0.31
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  filelock fsspec grpcio-tools==1.74.0 huggingface_hub jinja2 networkx numpy pillow pyyaml safetensors \
  "setuptools>=77.0.3" sympy typing_extensions

section "Build"
build release -- teacher_server
"$folder/venv/bin/python" -m grpc_tools.protoc -I proto --python_out="$folder/proto" \
  distill/v1/teacher.proto

section "Models"
PYTHONPATH=$folder/proto:tests/integration exec "$folder/venv/bin/python" -B \
  scripts/torchscript_teachers.py "$folder" "$@"
