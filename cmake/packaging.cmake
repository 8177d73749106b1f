# What `cmake --install` gives to an outside user:
#
#   lib/libturnstile.so          the client library; everything but namespace turnstile is hidden
#   include/turnstile/           its headers, which need the standard library alone
#   lib/cmake/turnstile/         find_package(turnstile), target turnstile::turnstile
#   lib/pkgconfig/turnstile.pc   the same for others than CMake
#   bin/turnstile                the server and the command line
#
# A shared object and not an archive, so that a program that links it need not
# have, or know of, what the library itself is made of. All of it is relocatable.

include(CMakePackageConfigHelpers)

get_target_property(client_type client TYPE)
if(client_type STREQUAL STATIC_LIBRARY)
  set(exports ${CMAKE_CURRENT_LIST_DIR}/libturnstile.exports)
  add_library(libturnstile SHARED $<TARGET_OBJECTS:client>)
  add_library(turnstile::turnstile ALIAS libturnstile)
  target_include_directories(libturnstile INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(libturnstile INTERFACE cxx_std_20)
  get_target_property(links client LINK_LIBRARIES)
  target_link_libraries(libturnstile PRIVATE ${links})
  target_link_options(libturnstile PRIVATE LINKER:--version-script=${exports}
                                           LINKER:-Bsymbolic-functions LINKER:--gc-sections)
  set_target_properties(libturnstile PROPERTIES
    OUTPUT_NAME turnstile
    EXPORT_NAME turnstile
    LINKER_LANGUAGE CXX
    LINK_DEPENDS ${exports}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/turnstile)
  install(TARGETS libturnstile EXPORT turnstile LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT turnstile NAMESPACE turnstile:: FILE turnstile-targets.cmake
          DESTINATION ${package})
  configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/turnstile-config.cmake.in
    ${CMAKE_BINARY_DIR}/turnstile-config.cmake INSTALL_DESTINATION ${package})
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/turnstile-config-version.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/turnstile-config.cmake
                ${CMAKE_BINARY_DIR}/turnstile-config-version.cmake DESTINATION ${package})

  file(RELATIVE_PATH pkgconfig_to_prefix
       /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/turnstile.pc.in ${CMAKE_BINARY_DIR}/turnstile.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/turnstile.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/turnstile
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
endif()

if(TARGET turnstile)
  install(TARGETS turnstile RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

if(TURNSTILE_TESTS)
  # Each public header compiles by itself, as C++20, with nothing else in reach.
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
       ${PROJECT_SOURCE_DIR}/include/turnstile/*.h)
  set(sources)
  foreach(header IN LISTS headers)
    cmake_path(GET header STEM name)
    set(source ${CMAKE_BINARY_DIR}/public_headers/${name}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n")
    list(APPEND sources ${source})
  endforeach()
  if(sources)
    add_library(public_headers OBJECT ${sources})
    target_include_directories(public_headers PRIVATE ${PROJECT_SOURCE_DIR}/include)
    set_target_properties(public_headers PROPERTIES CXX_STANDARD 20)
  endif()
endif()
