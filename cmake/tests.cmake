# Every test there is, found by the names of the files. The labels are the
# folders' names, `suite` for test/*.cc, `e2e` for the scripts, and `fuzz`; the target
# `tests_of_threads` builds those that ThreadSanitizer is for.

include(GoogleTest)
add_custom_target(tests_of_threads)

function(turnstile_test_executable name label)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gmock_main)
  gtest_discover_tests(${name}
    TEST_PREFIX ${label}/
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    NO_PRETTY_VALUES  # they can be addresses, and a name must not change between runs
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT}
               ENVIRONMENT TURNSTILE_SOURCE=${PROJECT_SOURCE_DIR})
  if(label MATCHES "^(server|client|suite)$")
    add_dependencies(tests_of_threads ${name})
    target_precompile_headers(${name} PRIVATE <boost/asio.hpp> <gmock/gmock.h>)
  endif()
endfunction()

foreach(folder base resp command state journal server client cli sim)
  turnstile_sources(sources ${PROJECT_SOURCE_DIR}/src/${folder} MATCHING *_test.cc
                    EXCEPT "/journal/etcd/")
  if(sources)
    turnstile_test_executable(${folder}_test ${folder}
      SOURCES ${sources} LINKS ${folder} TIMEOUT 120)
  endif()
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/test/*.cc)
if(sources)
  turnstile_test_executable(test_suite suite
    SOURCES ${sources} LINKS server client state journal resp command base TIMEOUT 300)
  # For finding the scenarios when ctest asks which tests there are.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/test/scenario_test.cc PROPERTIES
    COMPILE_DEFINITIONS TURNSTILE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endif()

find_program(PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
file(GLOB_RECURSE scripts CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/test
  ${PROJECT_SOURCE_DIR}/test/*.sh ${PROJECT_SOURCE_DIR}/test/*_test.py)
foreach(script IN LISTS scripts)
  if(script MATCHES "\\.py$")
    set(interpreter ${PYTHON})
  else()
    set(interpreter bash)
  endif()
  string(REGEX REPLACE "^e2e/" "" name ${script})
  add_test(NAME e2e/${name} COMMAND ${interpreter} ${PROJECT_SOURCE_DIR}/test/${script}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  # The longest ones; they start first, so that they do not run alone at the end.
  set_tests_properties(e2e/${name} PROPERTIES LABELS e2e TIMEOUT 900 COST 100 SKIP_RETURN_CODE 77
    ENVIRONMENT "TURNSTILE_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/turnstile;TURNSTILE_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cc)
if(sources)
  add_executable(turnstile-bench ${sources})
  target_link_libraries(turnstile-bench PRIVATE
    client server state journal resp command base benchmark::benchmark)
endif()
