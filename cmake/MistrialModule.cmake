# What every target of the project is compiled with.
add_library(mistrial_options INTERFACE)
target_include_directories(mistrial_options INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                      $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
                                                      $<INSTALL_INTERFACE:include/mistrial>)
target_compile_features(mistrial_options INTERFACE cxx_std_20)
# Ours alone: whoever uses the installed library has warnings of their own.
target_compile_options(mistrial_options INTERFACE
                       $<BUILD_INTERFACE:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual;-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these two inside the standard library's own headers (bugs 105329 and 105562).
  target_compile_options(mistrial_options INTERFACE $<BUILD_INTERFACE:-Wno-restrict;-Wno-maybe-uninitialized>)
endif()
if(MISTRIAL_SANITIZE)
  target_compile_options(mistrial_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                                    -fno-omit-frame-pointer)
  target_link_options(mistrial_options INTERFACE -fsanitize=address,undefined)
endif()

if(MISTRIAL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "MISTRIAL_FUZZ needs clang, whose libFuzzer it uses: cmake --preset fuzz")
  endif()
  target_compile_options(mistrial_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# mistrial_library(NAME DIR... [LINK target...] [EXCLUDE file...])
# A static library of every source in the given folders (not their subfolders), tests, benchmarks, fuzz targets
# and programs excepted. Links are public: a folder may include only what it links.
function(mistrial_library name)
  cmake_parse_arguments(arg "" "" "DIRS;LINK;EXCLUDE" ${ARGN})
  set(sources)
  foreach(dir IN LISTS arg_DIRS)
    file(GLOB found CONFIGURE_DEPENDS ${dir}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  list(FILTER sources EXCLUDE REGEX "_(test|bench|main|fuzz)\\.cpp$")
  foreach(file IN LISTS arg_EXCLUDE)
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC mistrial_options ${arg_LINK})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE mistrial_options ${arg_LINK})
  endif()
endfunction()

# mistrial_tests(NAME DIRS dir... [LINK target...] [TIMEOUT seconds] [SERIAL])
# One test binary a module: every *_test.cpp in the given folders. SERIAL: its tests start processes and measure
# time, so that no other test may run beside them.
function(mistrial_tests name)
  if(NOT MISTRIAL_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "SERIAL" "TIMEOUT" "DIRS;LINK" ${ARGN})
  set(sources)
  foreach(dir IN LISTS arg_DIRS)
    file(GLOB found CONFIGURE_DEPENDS ${dir}/*_test.cpp)
    list(APPEND sources ${found})
  endforeach()
  if(NOT sources)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name} ${sources})
  target_compile_definitions(${name} PRIVATE MISTRIAL_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             MISTRIAL_BINARY_DIR="${PROJECT_BINARY_DIR}")
  # What is tested is optimised as the preset says; the tests themselves only have to compile fast.
  target_compile_options(${name} PRIVATE -O0)
  if(MISTRIAL_SANITIZE)
    # A third of the time that a sanitized test takes to compile; the sources that are tested keep these checks.
    target_compile_options(${name} PRIVATE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LINK} rapidcheck GTest::gtest GTest::gmock GTest::gtest_main)
  # Laws are tried on the same cases for the same commit; scripts/nightly tries many others.
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${name} RUN_SERIAL ${arg_SERIAL}
                                  ENVIRONMENT "RC_PARAMS=seed=20261125")
endfunction()

# mistrial_benchmarks(NAME DIRS dir... [LINK target...]): every *_bench.cpp in the given folders.
function(mistrial_benchmarks name)
  if(NOT MISTRIAL_BENCHMARKS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "DIRS;LINK" ${ARGN})
  set(sources)
  foreach(dir IN LISTS arg_DIRS)
    file(GLOB found CONFIGURE_DEPENDS ${dir}/*_bench.cpp)
    list(APPEND sources ${found})
  endforeach()
  if(sources)
    add_executable(${name} ${sources})
    target_compile_definitions(${name} PRIVATE MISTRIAL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE ${arg_LINK} benchmark::benchmark benchmark::benchmark_main)
  endif()
endfunction()

# mistrial_fuzzer(NAME SOURCE [DEFINITION name=value] [LINK target...]): a libFuzzer target; all of them are built by `fuzzers`.
function(mistrial_fuzzer name source)
  if(NOT MISTRIAL_FUZZ)
    return()
  endif()
  cmake_parse_arguments(arg "" "DEFINITION" "LINK" ${ARGN})
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_executable(${name} ${source})
  target_compile_definitions(${name} PRIVATE ${arg_DEFINITION})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers ${name})
endfunction()
