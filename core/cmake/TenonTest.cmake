# tenon_add_test(NAME <name> SOURCES <...> [LIBRARIES <...>] [DATA] [LABELS <...>])
#
# One GoogleTest program, one CTest test of the same name. The program finds the project's fixtures at
# TENON_FIXTURES and the plugins at TENON_PLUGINS, both compiled in.
#
# Tests are compiled for a short build, and GoogleTest's header is read once for all of them.
function(tenon_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBRARIES;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_test(${arg_NAME}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE tenon::core tenon::compiler GTest::gtest_main ${arg_LIBRARIES})
  target_compile_definitions(${arg_NAME} PRIVATE
    TENON_FIXTURES="${PROJECT_SOURCE_DIR}/tests/fixtures"
    TENON_SOURCE="${PROJECT_SOURCE_DIR}"
    TENON_PLUGINS="${CMAKE_BINARY_DIR}/plugins"
    TENON_BIN="${CMAKE_BINARY_DIR}/bin")
  if(NOT TARGET tenon_test_header)
    add_executable(tenon_test_header ${PROJECT_SOURCE_DIR}/core/cmake/test_header.cpp)
    target_link_libraries(tenon_test_header PRIVATE tenon::compiler GTest::gtest_main)
    target_compile_features(tenon_test_header PRIVATE cxx_std_20)
    tenon_shorten_build(tenon_test_header)
    target_precompile_headers(tenon_test_header PRIVATE
      <gtest/gtest.h> <filesystem> <fstream> <functional> <unordered_map> <nlohmann/json.hpp>)
  endif()
  tenon_shorten_build(${arg_NAME})
  target_precompile_headers(${arg_NAME} REUSE_FROM tenon_test_header)
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests)
  add_test(NAME ${arg_NAME} COMMAND ${arg_NAME})
  set_tests_properties(${arg_NAME} PROPERTIES LABELS "${arg_LABELS}")
endfunction()

# tenon_add_bench(NAME <name> SOURCES <...> [LIBRARIES <...>])
#
# One Google Benchmark program in <build>/bin/bench.
function(tenon_add_bench)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;LIBRARIES")
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE tenon::core tenon::compiler benchmark::benchmark_main ${arg_LIBRARIES})
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
endfunction()
