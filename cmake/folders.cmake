# The headers that most files include; reading them is half of a build. Some folders add headers
# of ours that nearly all of their files include: in angle brackets, so that no path of this machine
# is in them, and the compiler cache serves another clone as well.
set(turnstile_common_headers <fmt/format.h> <algorithm> <functional> <memory> <optional> <string>
  <variant> <vector>)

# turnstile_folder(<name> LINKS <library>... [WITHOUT <subfolder>...] [PRECOMPILE <header>...])
#
# Makes the sources in src/<name> the static library <name>, and its *_fuzz.cc
# and *_main.cc files executables that link it. The tests are added by
# tests.cmake. A folder without sources is an empty library, so that the
# others can be linked before it is written. WITHOUT names subfolders that are
# libraries of their own.

# Sets <result> to the files below <folder> that match the glob MATCHING but no
# regular expression of EXCEPT.
function(turnstile_sources result folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "MATCHING" "EXCEPT")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/${arg_MATCHING})
  foreach(pattern IN LISTS arg_EXCEPT)
    list(FILTER sources EXCLUDE REGEX "${pattern}")
  endforeach()
  set(${result} ${sources} PARENT_SCOPE)
endfunction()

function(turnstile_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINKS;WITHOUT;PRECOMPILE")
  set(folder ${PROJECT_SOURCE_DIR}/src/${name})
  list(TRANSFORM arg_WITHOUT REPLACE "(.+)" "^${folder}/\\1/" OUTPUT_VARIABLE elsewhere)

  turnstile_sources(sources ${folder} MATCHING *.cc
    EXCEPT ${elsewhere} "_(test|fuzz|main)\\.cc$" "/main\\.cc$" "/test_[^/]*\\.cc$")
  if(sources)
    set(visibility PUBLIC)
    add_library(${name} STATIC ${sources})
    # The archives' names say whose they are; the targets' names are the folders'.
    set_target_properties(${name} PROPERTIES OUTPUT_NAME turnstile_${name})
    target_precompile_headers(${name} PRIVATE ${turnstile_common_headers} ${arg_PRECOMPILE})
  else()
    set(visibility INTERFACE)
    add_library(${name} INTERFACE)
  endif()
  target_include_directories(${name} ${visibility} ${PROJECT_SOURCE_DIR}/src
                                                   ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${name} ${visibility} ${arg_LINKS})

  turnstile_sources(mains ${folder} MATCHING *_main.cc EXCEPT ${elsewhere})
  foreach(main IN LISTS mains)
    cmake_path(GET main STEM program)
    string(REGEX REPLACE "_main$" "" program ${program})
    string(REPLACE _ - program turnstile-${program})
    add_executable(${program} ${main})
    target_link_libraries(${program} PRIVATE ${name})
  endforeach()

  # The fuzz target of command/parser_fuzz.cc is command_parser_fuzz. Outside of
  # the fuzz preset it is built all the same, and replays the inputs that are
  # kept in test/corpus/<target>.
  if(TURNSTILE_FUZZ OR TURNSTILE_TESTS)
    turnstile_sources(fuzzers ${folder} MATCHING *_fuzz.cc EXCEPT ${elsewhere})
    foreach(fuzzer IN LISTS fuzzers)
      cmake_path(GET fuzzer STEM target)
      set(target ${name}_${target})
      if(TURNSTILE_FUZZ)
        add_executable(${target} ${fuzzer})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      else()
        add_executable(${target} ${fuzzer} ${PROJECT_SOURCE_DIR}/cmake/fuzz_replay.cc)
        set_target_properties(${target} PROPERTIES OUTPUT_NAME replay_${target})
        add_test(NAME fuzz/${target}
                 COMMAND ${target} ${PROJECT_SOURCE_DIR}/test/corpus/${target})
        set_tests_properties(fuzz/${target} PROPERTIES LABELS fuzz TIMEOUT 120)
      endif()
      target_link_libraries(${target} PRIVATE ${name})
    endforeach()
  endif()
endfunction()
