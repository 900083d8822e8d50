# The scripts in this folder source it first. It changes to the root of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# section TITLE: a heading on the terminal or in the log of a build server.
section() { printf '\n== %s ==\n' "$1"; }

# fail MESSAGE: something is wrong on this machine (exit code 1).
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit 1
}

# usage_error MESSAGE: the command line is wrong (exit code 2).
usage_error() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit 2
}

# build PRESET CMAKE_ARGUMENT... -- TARGET...: configures build/PRESET and builds the targets
# (all targets if none is named).
build() {
  local preset=$1 arguments=()
  shift
  while (($#)) && [[ $1 != -- ]]; do
    arguments+=("$1")
    shift
  done
  (($#)) && shift
  cmake --preset "$preset" "${arguments[@]}"
  ninja -C "build/$preset" -j"$(nproc)" "$@"
}
