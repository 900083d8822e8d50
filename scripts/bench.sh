#!/usr/bin/env bash
# Builds what a benchmark takes, runs it, prints a table, and writes build/bench/NAME.json.
#   scripts/bench.sh NAME           minutes
#   scripts/bench.sh NAME --quick   a few at most: whether it works; the figures mean little
# A benchmark is a file scripts/bench/NAME.py; what they share is scripts/bench_lib.py.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

names=(scripts/bench/*.py)
names=("${names[@]##*/}")
names=("${names[@]%.py}")
usage="scripts/bench.sh NAME [--quick]; NAME is one of: ${names[*]}"

(($#)) || usage_error "no benchmark is named: $usage"
name=$1
shift
[[ " ${names[*]} " == *" $name "* ]] || usage_error "there is no benchmark '$name': $usage"
for argument in "$@"; do
  [[ $argument == --quick ]] || usage_error "unknown option '$argument': $usage"
done
benchmark=(python3 -B "scripts/bench/$name.py")
export PYTHONPATH=$PWD/scripts

section "Set-up"
scripts/setup.sh --for=tests

section "Build"
mapfile -t targets < <("${benchmark[@]}" --targets)
((${#targets[@]})) || fail "scripts/bench/$name.py named no target to build"
build release -DDISTILL_BUILD_TESTS=ON -- "${targets[@]}"

section "Benchmark: $name"
"${benchmark[@]}" "$@"
