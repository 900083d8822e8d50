# Compiles through ccache where it is installed. Files that use a precompiled header are only cached
# with this sloppiness.
find_program(DISTILL_CCACHE ccache)
if(DISTILL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${DISTILL_CCACHE})
endif()
