// Picking, at run time, between the versions of a kernel that tenon_isa_sources() compiled. In a header of its
// own, without SIMD types, so that the rest of the target stays at the baseline.
//
//     TENON_ISA_DECLARE(void mix(const MixArgs& args, int64_t begin, int64_t end));
//     auto* kernel = TENON_ISA_PICK(host.isa(), mix);
#pragma once
#include <tenon/abi/tenon_plugin.h>

// REQUIRES: used inside namespace tenon
#define TENON_ISA_DECLARE(...) \
  namespace isa_scalar {       \
  __VA_ARGS__;                 \
  }                            \
  namespace isa_avx2 {         \
  __VA_ARGS__;                 \
  }                            \
  namespace isa_avx512 {       \
  __VA_ARGS__;                 \
  }                            \
  static_assert(true)

#define TENON_ISA_PICK(isa, name)                         \
  ((isa) == TENON_ISA_AVX512 ? &::tenon::isa_avx512::name \
   : (isa) == TENON_ISA_AVX2 ? &::tenon::isa_avx2::name   \
                             : &::tenon::isa_scalar::name)
