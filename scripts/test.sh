#!/usr/bin/env bash
# Set-up, build, every test; then the layers without LibTorch again under the sanitizers, and the
# fuzzers for a short while.
#   scripts/test.sh
#   scripts/test.sh --long   trainers and teachers are killed 25 times, instead of 3, and a teacher
#                            raises errors for ten minutes and at 50 starts
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1-}" in
  "") ;;
  --long) export DISTILL_KILLS=25 DISTILL_RAISE_SECONDS=600 DISTILL_RAISE_STARTS=50 ;;
  *) usage_error "unknown option '$1'; allowed is --long" ;;
esac

section "Set-up"
scripts/setup.sh --for=tests

section "Words"
scripts/check_words.py

# build_and_test PRESET TITLE TARGET...
build_and_test() {
  section "Build: $2"
  build "$1" -DDISTILL_BUILD_TESTS=ON -- "${@:3}"
  section "Tests: $2"
  ctest --preset "$1" | tee "build/$1/tests.log"
}

build_and_test release "release"
build_and_test asan "AddressSanitizer, UndefinedBehaviorSanitizer, fuzzers" torch_free_tests fuzzers
build_and_test tsan "ThreadSanitizer" torch_free_tests

section "Summary"
for preset in release asan tsan; do
  echo "$preset: $(grep 'tests passed' "build/$preset/tests.log")"
done
