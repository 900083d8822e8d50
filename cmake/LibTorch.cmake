# Defines distill::torch, an imported target made from the LibTorch that cmake/LibTorchRoot.cmake
# finds. find_package(Torch) is not used: it picks up a second LibTorch from the system, and with a
# CUDA build it demands a CUDA toolkit.
include(${CMAKE_CURRENT_LIST_DIR}/LibTorchRoot.cmake)

if(DEFINED ENV{TORCH_ROOT})  # kept, so that ninja can configure again from another shell
  set(TORCH_ROOT "$ENV{TORCH_ROOT}" CACHE PATH "The LibTorch to use" FORCE)
endif()
distill_find_libtorch(DISTILL_LIBTORCH_ROOT DISTILL_LIBTORCH_VERSION tried)
if(NOT DISTILL_LIBTORCH_ROOT)
  message(FATAL_ERROR
    "No LibTorch >= ${DISTILL_LIBTORCH_MINIMUM} found. Looked at: ${tried}.\n"
    "Run scripts/setup.sh, or set TORCH_ROOT to an unpacked LibTorch or torch package.")
endif()
message(STATUS "LibTorch ${DISTILL_LIBTORCH_VERSION} at ${DISTILL_LIBTORCH_ROOT}")

set(distill_torch_libraries "")
foreach(name torch torch_cpu torch_cuda c10 c10_cuda)
  file(GLOB library ${DISTILL_LIBTORCH_ROOT}/lib/lib${name}.so
                    ${DISTILL_LIBTORCH_ROOT}/lib/*-linux-gnu/lib${name}.so)
  if(library)
    list(APPEND distill_torch_libraries ${library})
  endif()
endforeach()
list(GET distill_torch_libraries 0 distill_torch_library)
get_filename_component(distill_torch_library_dir ${distill_torch_library} DIRECTORY)

add_library(distill_torch INTERFACE)
add_library(distill::torch ALIAS distill_torch)
target_include_directories(distill_torch SYSTEM INTERFACE
  ${DISTILL_LIBTORCH_ROOT}/include
  ${DISTILL_LIBTORCH_ROOT}/include/torch/csrc/api/include)
# torch_cuda registers its kernels when it is loaded, though no symbol of it is named.
list(JOIN distill_torch_libraries "," joined)
target_link_libraries(distill_torch INTERFACE
  "-Wl,--push-state,--no-as-needed,${joined},--pop-state" Threads::Threads)
if(NOT DISTILL_LIBTORCH_ROOT STREQUAL "/usr")
  target_link_options(distill_torch INTERFACE "-Wl,-rpath,${distill_torch_library_dir}")
endif()
