# A folder of common/, teacher_server/ or student_trainer/ is one layer, one static library:
# in common/client/pool,
#   distill_layer(DEPS distill::common_client_session PRIVATE_DEPS distill::common_rpc)
# makes distill_common_client_pool of all sources there, with the alias distill::common_client_pool.
#   TORCH         the sources use LibTorch (linked PRIVATE, precompiled header shared)
#   DEPS          what its headers need; layers and libraries
#   PRIVATE_DEPS  what its sources need in addition
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

# Sets the variable `out` to the name of the layer whose folder, below `root`, is the current one.
function(distill_layer_name root out)
  file(RELATIVE_PATH folder ${root} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" name ${folder})
  set(${out} ${name} PARENT_SCOPE)
endfunction()

function(distill_layer)
  cmake_parse_arguments(ARG "TORCH" "" "DEPS;PRIVATE_DEPS" ${ARGN})
  distill_layer_name(${CMAKE_SOURCE_DIR} name)
  set(target distill_${name})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  add_library(${target} STATIC ${sources})
  add_library(distill::${name} ALIAS ${target})
  distill_compile_options(${target})
  distill_compile_together(${target} 8)
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(ARG_TORCH)
    distill_use_torch(${target})
  endif()
endfunction()

# Makes the test program of a layer: in tests/common/client/pool, distill_layer_test(DEPS ...) makes
# distill_common_client_pool_test of all *_test.cc there, and of the SOURCES that are named. Tests of
# layers without LibTorch have the label torch_free; the sanitizers run these tests.
function(distill_layer_test)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS" ${ARGN})
  distill_layer_name(${CMAKE_SOURCE_DIR}/tests name)
  set(target distill_${name}_test)
  file(GLOB sources CONFIGURE_DEPENDS *_test.cc)
  add_executable(${target} ${sources} ${ARG_SOURCES})
  distill_compile_options(${target})
  distill_compile_together(${target} 0)
  target_link_libraries(${target} PRIVATE distill::${name} ${ARG_DEPS} GTest::gmock_main)
  if(ARG_TORCH)
    distill_use_torch(${target} TEST)
    set(label torch)
  else()
    distill_unoptimised(${target})
    set(label torch_free)
    set_property(GLOBAL APPEND PROPERTY DISTILL_TORCH_FREE_TESTS ${target})
  endif()
  add_test(NAME ${name} COMMAND ${target})
  # Threads that spin while they wait would take the cores from the tests beside them.
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 600
                       ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
