# tenon_isa_sources(<target> <file.cpp>...)
#
# Compiles each file three times: for the baseline, for AVX2 and for AVX-512. In each, TENON_ISA_NAMESPACE is a
# namespace of its own (isa_scalar, isa_avx2, isa_avx512), and the rest of the target picks one at run time. A target
# may be given files more than once.
function(tenon_isa_sources target)
  foreach(isa scalar avx2 avx512)
    tenon_isa_variant(${target} ${isa} ${ARGN})
  endforeach()
endfunction()

# tenon_isa_variant(<target> <scalar | avx2 | avx512 | avx512vnni> <file.cpp>...)
#
# One of these, or one for extensions that only some files have a use for.
function(tenon_isa_variant target isa)
  set(flags_scalar "")
  set(flags_avx2 -mavx2 -mfma -mf16c -mbmi2)
  set(flags_avx512 ${flags_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
  set(flags_avx512vnni ${flags_avx512} -mavx512vnni)
  if(TARGET ${target}_${isa})
    target_sources(${target}_${isa} PRIVATE ${ARGN})
    return()
  endif()
  add_library(${target}_${isa} OBJECT ${ARGN})
  target_compile_definitions(${target}_${isa} PRIVATE TENON_ISA_NAMESPACE=isa_${isa})
  # The wide vector types are internal to these files, so the note on their calling convention does not matter.
  target_compile_options(${target}_${isa} PRIVATE $<$<CONFIG:Release>:-O3> ${flags_${isa}} -Wno-psabi)
  target_link_libraries(${target}_${isa} PRIVATE tenon::sdk $<TARGET_NAME_IF_EXISTS:tenon::compiler>)
  set_target_properties(${target}_${isa} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  set_target_properties(${target}_${isa} PROPERTIES CXX_VISIBILITY_PRESET hidden)
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_${isa}>)
endfunction()
