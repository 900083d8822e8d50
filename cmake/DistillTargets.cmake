# Makes one static library per folder: distill_layer(common base SOURCES ... DEPS ...) makes
# distill_common_base with the alias distill::common_base.
#   TORCH     the sources of the layer use LibTorch (linked PRIVATE, precompiled header shared)
#   SOURCES   the files of the folder
#   DEPS      the layers and libraries that its headers need
set(DISTILL_WARNINGS -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND DISTILL_WARNINGS -Wthread-safety)
else()
  # False alarms of g++ 12 on std::string and std::vector (GCC bug 105651).
  list(APPEND DISTILL_WARNINGS -Wno-restrict -Wno-stringop-overread)
endif()

function(distill_compile_options target)
  target_compile_options(${target} PRIVATE ${DISTILL_WARNINGS})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  if(DISTILL_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${DISTILL_SANITIZE} -fno-omit-frame-pointer
                           -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${DISTILL_SANITIZE})
  endif()
endfunction()

# Compiles the sources of a target a few files at a time (DISTILL_UNITY): most of a file's time goes
# to the headers and templates that its neighbours need too. Names in anonymous namespaces are
# therefore unique within a folder.
function(distill_compile_together target batch_size)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${DISTILL_UNITY} UNITY_BUILD_BATCH_SIZE ${batch_size})
endfunction()

# Tests run for seconds and would take minutes to optimise.
function(distill_unoptimised target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
endfunction()

# Links LibTorch PRIVATE and precompiles its tensors and modules. Precompiling all of
# <torch/torch.h> would double the cost of each file, since g++ instantiates the templates of a
# precompiled header again. A precompiled header is bound to its flags, so the tests have their own.
#   TEST   not optimised
function(distill_use_torch target)
  cmake_parse_arguments(ARG "TEST" "" "" ${ARGN})
  set(pch distill_torch_pch)
  if(ARG_TEST)
    set(pch distill_torch_test_pch)
    distill_unoptimised(${target})
  endif()
  target_link_libraries(${target} PRIVATE distill::torch)
  if(NOT TARGET ${pch})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/torch_pch.cc
         CONTENT "// Holds the precompiled header.\n")
    add_library(${pch} OBJECT ${CMAKE_BINARY_DIR}/torch_pch.cc)
    distill_compile_options(${pch})
    if(ARG_TEST)
      distill_unoptimised(${pch})
    endif()
    target_link_libraries(${pch} PRIVATE distill::torch)
    target_precompile_headers(${pch} PRIVATE <torch/types.h> <torch/nn/module.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM ${pch})
endfunction()

function(distill_layer group name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS" ${ARGN})
  set(target distill_${group}_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(distill::${group}_${name} ALIAS ${target})
  distill_compile_options(${target})
  distill_compile_together(${target} 8)
  target_link_libraries(${target} PUBLIC ${ARG_DEPS})
  if(ARG_TORCH)
    distill_use_torch(${target})
  endif()
endfunction()

# Makes one test program per layer: distill_layer_test(common base SOURCES ... DEPS ...). Tests of
# layers without LibTorch have the label torch_free; the sanitizers run these tests.
function(distill_layer_test group name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS" ${ARGN})
  set(target distill_${group}_${name}_test)
  add_executable(${target} ${ARG_SOURCES})
  distill_compile_options(${target})
  distill_compile_together(${target} 0)
  target_link_libraries(${target} PRIVATE distill::${group}_${name} ${ARG_DEPS} GTest::gmock_main)
  if(ARG_TORCH)
    distill_use_torch(${target} TEST)
    set(label torch)
  else()
    distill_unoptimised(${target})
    set(label torch_free)
    set_property(GLOBAL APPEND PROPERTY DISTILL_TORCH_FREE_TESTS ${target})
  endif()
  add_test(NAME ${group}_${name} COMMAND ${target})
  # Threads that spin while they wait would take the cores from the tests beside them.
  set_tests_properties(${group}_${name} PROPERTIES LABELS ${label} TIMEOUT 600
                       ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
