#!/usr/bin/env bash
# Builds the programs of a benchmark, runs it, prints a table, and writes build/bench/NAME.json.
#   scripts/bench.sh NAME           takes minutes
#   scripts/bench.sh NAME --quick   a few minutes at most: tests whether it works; figures are imprecise
# A benchmark is a file scripts/bench/NAME.py; all share scripts/bench_lib.py.
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
