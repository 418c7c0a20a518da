# Flags of every target of this project: warnings, sanitizers, hardening.

add_library(tenon_compiler INTERFACE)
add_library(tenon::compiler ALIAS tenon_compiler)

# No -march: the x86-64 baseline. Kernels for wider processors are compiled by tenon_isa_sources().
# -ffp-contract=off: a fused multiply-add is written where it is wanted, never where the compiler finds one, so that
# results do not change with the optimisation level.
target_compile_options(tenon_compiler INTERFACE
  $<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra;-Wshadow;-Wno-missing-field-initializers;-Wno-restrict;-ffp-contract=off>
  $<$<COMPILE_LANGUAGE:C,CXX>:-fstack-protector-strong>
  $<$<AND:$<COMPILE_LANGUAGE:C,CXX>,$<CONFIG:Release>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>
  $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)
target_link_options(tenon_compiler INTERFACE LINKER:-z,relro,-z,now)

# For code that no one waits for when it runs: a release compiles it with -O1, in half the time.
function(tenon_shorten_build target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

if(TENON_SANITIZE)
  target_compile_options(tenon_compiler INTERFACE
    -fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tenon_compiler INTERFACE -fsanitize=${TENON_SANITIZE})
endif()

# Installed programs find the library beside them, wherever they are put.
set(CMAKE_INSTALL_RPATH $ORIGIN/../${CMAKE_INSTALL_LIBDIR})
