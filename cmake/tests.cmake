# Every test there is, found by the names of the files. The labels are the
# folders' names, `suite` for test/*.cc, `e2e` for the scripts, `sim` and `fuzz`; the target
# `tests_of_threads` builds those that ThreadSanitizer is for.

include(GoogleTest)
add_custom_target(tests_of_threads)

# Walks and worlds do the same things a million times, and a stack that outlives its calls, which
# doubles their time, is looked for by all other tests.
set(turnstile_many_steps ENVIRONMENT_MODIFICATION
    ASAN_OPTIONS=set:detect_stack_use_after_return=0:strict_string_checks=1)

function(turnstile_test_executable name label)
  cmake_parse_arguments(PARSE_ARGV 2 arg "SERIAL" "TIMEOUT" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} GTest::gmock_main)
  set(many_steps)
  if(label STREQUAL checker)
    set(many_steps ${turnstile_many_steps})
  endif()
  gtest_discover_tests(${name}
    TEST_PREFIX ${label}/
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    NO_PRETTY_VALUES  # they can be addresses, and a name must not change between runs
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_SERIAL}
               ENVIRONMENT TURNSTILE_SOURCE=${PROJECT_SOURCE_DIR} ${many_steps})
  if(label MATCHES "^(server|client|suite)$")
    add_dependencies(tests_of_threads ${name})
    target_precompile_headers(${name} PRIVATE <boost/asio.hpp>)
  endif()
  if(label MATCHES "^(state|checker|server|suite)$")
    target_precompile_headers(${name} PRIVATE <state/machine.h>)
  endif()
  target_precompile_headers(${name} PRIVATE ${turnstile_common_headers} <gmock/gmock.h>)
  if(CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_options(${name} PRIVATE -O0)
    if(TURNSTILE_SANITIZE MATCHES undefined)
      target_compile_options(${name} PRIVATE -fno-sanitize=undefined)
    endif()
  endif()
endfunction()

foreach(folder base resp command state checker journal server client cli sim)
  turnstile_sources(sources ${PROJECT_SOURCE_DIR}/src/${folder} MATCHING *_test.cc
                    EXCEPT "/journal/etcd/")
  turnstile_sources(support ${PROJECT_SOURCE_DIR}/src/${folder} MATCHING test_*.cc
                    EXCEPT "/journal/etcd/")
  list(APPEND sources ${support})
  if(sources)
    turnstile_test_executable(${folder}_test ${folder}
      SOURCES ${sources} LINKS ${folder} TIMEOUT 400)
  endif()
endforeach()

# They start an etcd of their own, whose leases run out by the clock, so they run alone; they are
# skipped where there is none.
if(TARGET journal_etcd)
  turnstile_sources(sources ${PROJECT_SOURCE_DIR}/src/journal/etcd MATCHING *_test.cc)
  turnstile_sources(support ${PROJECT_SOURCE_DIR}/src/journal/etcd MATCHING test_*.cc)
  turnstile_test_executable(journal_etcd_test journal
    SOURCES ${sources} ${support} LINKS journal_etcd etcd_calls TIMEOUT 120 SERIAL)
endif()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/test/*.cc)
if(sources)
  turnstile_test_executable(test_suite suite
    SOURCES ${sources} LINKS server client state journal resp command base TIMEOUT 300)
  # For finding the scenarios when ctest asks which tests there are.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/test/scenario_test.cc PROPERTIES
    COMPILE_DEFINITIONS TURNSTILE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endif()

add_subdirectory(${PROJECT_SOURCE_DIR}/test/power_loss)

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
    ENVIRONMENT "TURNSTILE_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/turnstile;TURNSTILE_SOURCE=${PROJECT_SOURCE_DIR};TURNSTILE_FAULT_POINTS=${TURNSTILE_FAULT_POINTS};TURNSTILE_POWER_LOSS_WITNESS=$<TARGET_FILE:power_loss>")
endforeach()
# Their servers compact, which gives way to others that keep all processors busy; or they measure
# how long a cluster stands still.
set_tests_properties(e2e/crash_test.py e2e/fault_point_test.py e2e/power_loss_test.py
  e2e/network_test.py PROPERTIES RUN_SERIAL ON)

# Worlds of the simulator, in parts that run side by side, and the bugs that it must find.
if(TARGET turnstile-sim)
  foreach(first RANGE 1 1751 250)
    add_test(NAME sim/worlds_from_${first}
             COMMAND turnstile-sim ${first} --count 250 --every-fault --quiet)
    set_tests_properties(sim/worlds_from_${first} PROPERTIES LABELS sim TIMEOUT 900 COST 50
                         ${turnstile_many_steps})
  endforeach()
  if(TARGET sim_cluster)
    add_test(NAME sim/clusters COMMAND turnstile-sim 1 --count 100 --cluster --every-fault --quiet)
    set_tests_properties(sim/clusters PROPERTIES LABELS sim TIMEOUT 900 COST 50
                         ${turnstile_many_steps})
  endif()
  # Worlds in which something was found once: by the checker where nothing was wrong, mostly.
  foreach(seed 3316 6999 42017 43884 52442 82495 99792)
    add_test(NAME sim/found_once_${seed} COMMAND turnstile-sim ${seed} --quiet)
    set_tests_properties(sim/found_once_${seed} PROPERTIES LABELS sim TIMEOUT 300
                         ${turnstile_many_steps})
  endforeach()
  add_test(NAME sim/planted_bugs COMMAND turnstile-sim-planted
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(sim/planted_bugs PROPERTIES LABELS sim TIMEOUT 900 COST 50
                       ${turnstile_many_steps})
endif()

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cc)
if(sources)
  add_executable(turnstile-bench ${sources})
  target_link_libraries(turnstile-bench PRIVATE
    client server state journal resp command base)
endif()
add_subdirectory(${PROJECT_SOURCE_DIR}/bench/micro)
if(TURNSTILE_COMPARE)
  add_subdirectory(${PROJECT_SOURCE_DIR}/bench/compare)
endif()
