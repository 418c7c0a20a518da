# tenon_add_plugin(NAME <id> SOURCES <...> [ISA_SOURCES <...>] [CUDA <...>] [TESTS <...>]
#                  [BENCHES <...>])
#
# Declares one plugin: a module that exports tenon_plugin_entry and nothing else, placed in <build>/plugins,
# installed to lib/tenon/plugins, and probed by the test conformance.<id>.
# ISA_SOURCES are kernels compiled once per instruction set, see tenon_isa_sources(). CUDA sources count only when
# TENON_CUDA is on; without it the plugin is CPU only. TESTS are GoogleTest files beside the plugin, linked with its
# sources, as test plugin.<id>; BENCHES are Google Benchmark files, linked the same way, as <build>/bin/bench/<id>_bench.
# Both are left out where this project's tests are not built.
# Works inside this project and, after find_package(tenon), outside it.
include(${CMAKE_CURRENT_LIST_DIR}/TenonIsa.cmake)
set(TENON_EXPORT_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map)

function(tenon_add_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;ISA_SOURCES;CUDA;TESTS;BENCHES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_plugin(${arg_NAME}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()

  set(target tenon_${arg_NAME})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE tenon::sdk $<TARGET_NAME_IF_EXISTS:tenon::compiler>)
  target_link_options(${target} PRIVATE LINKER:--version-script=${TENON_EXPORT_MAP} LINKER:-z,defs)
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX ".so" INSTALL_RPATH "" CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden
    LINK_DEPENDS ${TENON_EXPORT_MAP}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  # The loader refuses files that others may write, whatever the umask was when they were built.
  add_custom_command(TARGET ${target} POST_BUILD COMMAND chmod go-w $<TARGET_FILE:${target}>)
  if(arg_ISA_SOURCES)
    tenon_isa_sources(${target} ${arg_ISA_SOURCES})
  endif()
  if(TENON_CUDA AND arg_CUDA)
    target_sources(${target} PRIVATE ${arg_CUDA})
    target_compile_definitions(${target} PRIVATE TENON_WITH_CUDA)
    set_target_properties(${target} PROPERTIES CUDA_RUNTIME_LIBRARY Shared)
  endif()
  if(CMAKE_INSTALL_LIBDIR)
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tenon/plugins)
  endif()

  if(TENON_TESTS)
    add_test(NAME conformance.${arg_NAME} COMMAND tenon-validate $<TARGET_FILE:${target}>)
    if(arg_TESTS)
      tenon_add_test(NAME plugin.${arg_NAME} SOURCES ${arg_TESTS} LIBRARIES tenon_plugin_testing)
      tenon_link_plugin_into(plugin.${arg_NAME})
    endif()
    if(TENON_BENCH AND arg_BENCHES)
      tenon_add_bench(NAME ${arg_NAME}_bench SOURCES ${arg_BENCHES} LIBRARIES tenon_layer_bench)
      tenon_link_plugin_into(${arg_NAME}_bench)
    endif()
  endif()
endfunction()

# The sources of the plugin that is being declared, in a program of its own.
macro(tenon_link_plugin_into program)
  target_sources(${program} PRIVATE ${arg_SOURCES})
  if(arg_ISA_SOURCES)
    foreach(isa scalar avx2 avx512)
      target_sources(${program} PRIVATE $<TARGET_OBJECTS:${target}_${isa}>)
    endforeach()
  endif()
endmacro()
