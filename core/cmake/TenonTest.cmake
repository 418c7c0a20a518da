# tenon_add_test(NAME <name> SOURCES <...> [LIBRARIES <...>] [DATA] [LABELS <...>])
#
# One GoogleTest program, one CTest test of the same name. The program finds the project's fixtures at
# TENON_FIXTURES and the plugins at TENON_PLUGINS, both compiled in.
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
