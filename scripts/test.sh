#!/usr/bin/env bash
# Set-up, build, every test; then the layers without LibTorch again under the sanitizers.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

(($# == 0)) || usage_error "unknown option '$1'; scripts/test.sh takes none"

section "Set-up"
scripts/setup.sh --for=tests

section "Build: release"
build release -DDISTILL_BUILD_TESTS=ON

section "Tests: release"
ctest --preset release | tee build/release/tests.log

section "Build: AddressSanitizer and UndefinedBehaviorSanitizer"
build asan -DDISTILL_BUILD_TESTS=ON -- torch_free_tests

section "Tests: AddressSanitizer and UndefinedBehaviorSanitizer"
ctest --preset asan | tee build/asan/tests.log

section "Summary"
for preset in release asan; do
  echo "$preset: $(grep 'tests passed' "build/$preset/tests.log")"
done
