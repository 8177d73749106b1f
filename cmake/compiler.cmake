# How everything here is compiled: the language, the warnings, the hardening,
# the sanitizers of the preset, and the compiler cache.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Small debug information: enough for a readable stack in a core dump.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
# The sanitized build is optimised a little, or the tests would take too long; the
# tests themselves are not, for they run once and are compiled often (tests.cmake).
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Werror)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_compile_options(-fstack-protector-strong)
# Abseil is some forty shared objects; a binary loads those that it needs.
add_link_options(LINKER:-z,relro,-z,now LINKER:--as-needed)

if(TURNSTILE_SANITIZE)
  add_compile_options(-fsanitize=${TURNSTILE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TURNSTILE_SANITIZE})
  if(TURNSTILE_SANITIZE MATCHES undefined)
    # Bad pointers are AddressSanitizer's; checking each twice doubles the time of a build.
    add_compile_options(-fno-sanitize=null,alignment,object-size,vptr)
  endif()
  # GCC loses sight of a variant's index behind the sanitizers' calls; the
  # release build keeps this warning, and clang does not know it.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  # Asio has fences, which GCC's ThreadSanitizer does not model and warns about.
  if(TURNSTILE_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-tsan)
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
  # Not with the sanitizers, which bring their own checks of the same functions.
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(TURNSTILE_COVERAGE)
  add_compile_options(--coverage -fprofile-abs-path -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
if(TURNSTILE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# With a base directory, and with neither the build directory nor the time
# stamps of headers in its keys, the cache serves every clone and preset.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-fpch-preprocess)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  set(CMAKE_PCH_INSTANTIATE_TEMPLATES OFF)
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
