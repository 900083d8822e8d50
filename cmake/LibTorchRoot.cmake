# Finds the root of a LibTorch that is new enough (2.6), in this order:
#   1. TORCH_ROOT, as a CMake variable or in the environment (an unpacked LibTorch, a torch package);
#   2. the torch package of python3;
#   3. Debian's libtorch-dev, from Debian 13 on, where OpenBLAS provides the BLAS;
#   4. the torch package in .venv, where scripts/setup.sh puts it.
# `cmake -P cmake/LibTorchRoot.cmake` prints "ROOT VERSION", or nothing where there is none.

set(DISTILL_LIBTORCH_MINIMUM 2.6)
get_filename_component(DISTILL_SOURCE_ROOT ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)

# Sets ${version_variable} to the version of the LibTorch under `root`, empty where there is none.
function(distill_libtorch_version root version_variable)
  set(${version_variable} "" PARENT_SCOPE)
  set(header "")
  foreach(candidate include/torch/headeronly/version.h
                    include/torch/csrc/api/include/torch/version.h)
    if(EXISTS ${root}/${candidate})
      file(STRINGS ${root}/${candidate} header REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      if(header)
        break()
      endif()
    endif()
  endforeach()
  file(GLOB library ${root}/lib/libtorch_cpu.so ${root}/lib/*/libtorch_cpu.so)
  if(NOT header OR NOT library)
    return()
  endif()
  # PyPI's packages of before 2.7 are built for the old ABI of std::string; the other libraries not.
  set(config ${root}/share/cmake/Torch/TorchConfig.cmake)
  if(EXISTS ${config})
    file(STRINGS ${config} old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
    if(old_abi)
      return()
    endif()
  endif()
  string(REGEX MATCHALL "[0-9]+" numbers "${header}")
  list(JOIN numbers "." version)
  set(${version_variable} ${version} PARENT_SCOPE)
endfunction()

# Sets ${root_variable} and ${version_variable}, both empty where nothing fits; ${log_variable} lists
# what was looked at.
function(distill_find_libtorch root_variable version_variable log_variable)
  set(tried "")
  set(${root_variable} "" PARENT_SCOPE)
  set(${version_variable} "" PARENT_SCOPE)

  set(named "${TORCH_ROOT}")
  if(NOT named)
    set(named "$ENV{TORCH_ROOT}")
  endif()
  set(candidates "")
  if(named)
    list(APPEND candidates "TORCH_ROOT=${named}")
  else()
    execute_process(
      COMMAND python3 -c "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s and s.origin else '', end='')"
      OUTPUT_VARIABLE of_python ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed AND of_python)
      list(APPEND candidates "python3=${of_python}")
    endif()
    file(GLOB openblas /usr/lib/*/openblas-pthread/libblas.so.3 /usr/lib/openblas-pthread/libblas.so.3)
    if(openblas)
      list(APPEND candidates "libtorch-dev=/usr")
    endif()
    file(GLOB of_venv ${DISTILL_SOURCE_ROOT}/.venv/lib/python3*/site-packages/torch)
    foreach(root ${of_venv})
      list(APPEND candidates ".venv=${root}")
    endforeach()
  endif()

  foreach(candidate ${candidates})
    string(REGEX REPLACE "^[^=]*=" "" root ${candidate})
    distill_libtorch_version(${root} version)
    if(version AND version VERSION_GREATER_EQUAL DISTILL_LIBTORCH_MINIMUM)
      set(${root_variable} ${root} PARENT_SCOPE)
      set(${version_variable} ${version} PARENT_SCOPE)
      return()
    endif()
    if(NOT version)
      set(version "no LibTorch")
    endif()
    list(APPEND tried "${candidate} (${version})")
  endforeach()
  list(JOIN tried ", " tried)
  set(${log_variable} "${tried}" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  distill_find_libtorch(root version tried)
  if(root)
    execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${root} ${version}")
  elseif(tried)
    message("too old or incomplete: ${tried}")
  endif()
endif()
