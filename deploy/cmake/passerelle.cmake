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

# psl_library(name STOREY n SOURCES ... [NEEDS ...] [PRIVATE_NEEDS ...]): a static library of ours. NEEDS are what its header shows;
# needing a library of a higher storey is an error here.
function(psl_library name)
  cmake_parse_arguments(arg "" "STOREY" "SOURCES;NEEDS;PRIVATE_NEEDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES PSL_STOREY ${arg_STOREY})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_NEEDS} PRIVATE ${arg_PRIVATE_NEEDS} psl_warnings)
  foreach(need ${arg_NEEDS} ${arg_PRIVATE_NEEDS})
    if(TARGET ${need})
      get_target_property(storey ${need} PSL_STOREY)
      if(storey AND storey GREATER arg_STOREY)
        message(FATAL_ERROR "${name} (storey ${arg_STOREY}) may not link ${need} (storey ${storey})")
      endif()
    endif()
  endforeach()
endfunction()

# psl_tests(name FOLDER tests/... NEEDS ...): one test binary for one folder, so that it links what that folder links.
function(psl_tests name)
  cmake_parse_arguments(arg "" "FOLDER" "NEEDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${arg_FOLDER}/*_test.cc)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${arg_NEEDS} GTest::gmock GTest::gtest_main psl_warnings)
  target_compile_definitions(${name} PRIVATE PSL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    # What is tested is optimised; the tests themselves would take half of the build for nothing.
    target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
