# Rules shared by all folders: warnings, and libraries that know their storey.

find_program(MOLD mold)
if(MOLD AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=mold)
endif()

add_library(psl_warnings INTERFACE)
target_compile_options(psl_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wconversion -Wformat=2
  -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # g++ 12.2 warns falsely on "(" + s
  $<$<BOOL:${PSL_WERROR}>:-Werror>)

# Most of a compiler's time goes into the same few headers: with PSL_PCH they are read once for the libraries and once for the
# tests. Not for optimised libraries: there g++ 12 finds faults in std::string that it does not find without. Clang's builds
# (fuzzing) do without, so that a file that lacks an include is seen there.
set(psl_common_headers <algorithm> <functional> <map> <memory> <optional> <set> <span> <string> <string_view> <utility>
    <vector> <google/protobuf/message.h> <passerelle/v1/gateway.pb.h> <passerelle/internal/v1/stored.pb.h>)

# psl_precompile(name HEADERS...): a target whose precompiled headers others reuse.
function(psl_precompile name)
  add_library(${name} OBJECT ${CMAKE_SOURCE_DIR}/deploy/cmake/precompiled.cc)
  target_link_libraries(${name} PRIVATE psl_proto psl_warnings)
  target_compile_options(${name} PRIVATE -pthread)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

# They only fit where the same is defined; gRPC asks for -pthread.
function(psl_reuse_precompiled name from)
  target_compile_options(${name} PRIVATE -pthread)
  target_precompile_headers(${name} REUSE_FROM ${from})
endfunction()

# psl_library(name STOREY n SOURCES ... [NEEDS ...] [PRIVATE_NEEDS ...]): a static library of ours. NEEDS are what its header shows;
# needing a library of a higher storey is an error here.
function(psl_library name)
  cmake_parse_arguments(arg "" "STOREY" "SOURCES;NEEDS;PRIVATE_NEEDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES PSL_STOREY ${arg_STOREY})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_NEEDS} PRIVATE ${arg_PRIVATE_NEEDS} psl_warnings)
  if(TARGET psl_precompiled AND NOT name STREQUAL "psl_base")
    psl_reuse_precompiled(${name} psl_precompiled)
  endif()
  foreach(need ${arg_NEEDS} ${arg_PRIVATE_NEEDS})
    if(TARGET ${need})
      get_target_property(storey ${need} PSL_STOREY)
      if(storey AND storey GREATER arg_STOREY)
        message(FATAL_ERROR "${name} (storey ${arg_STOREY}) may not link ${need} (storey ${storey})")
      endif()
    endif()
  endforeach()
endfunction()

# What is tested is optimised; the tests themselves would take half of the build for nothing.
function(psl_test_options name)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  endif()
endfunction()

# psl_tests(name FOLDER tests/... NEEDS ...): one test binary for one folder, so that it links what that folder links.
function(psl_tests name)
  cmake_parse_arguments(arg "" "FOLDER" "NEEDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${arg_FOLDER}/*_test.cc)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${arg_NEEDS} GTest::gmock GTest::gtest_main psl_warnings)
  target_compile_definitions(${name} PRIVATE PSL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  psl_test_options(${name})
  if(TARGET psl_precompiled_tests AND NOT name STREQUAL "t_base")
    psl_reuse_precompiled(${name} psl_precompiled_tests)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
