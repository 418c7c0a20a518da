// Which instruction set CPU kernels use: the widest the processor has, or what TENON_ISA=scalar|avx2|avx512
// says.
#pragma once
#include <tenon/sdk/result.hpp>

namespace tenon {

enum class Isa : uint32_t {
  kScalar = TENON_ISA_SCALAR,
  kAvx2 = TENON_ISA_AVX2,
  kAvx512 = TENON_ISA_AVX512,
};

const char* name_of(Isa isa);

// The widest this processor has. Any thread.
Isa widest_isa();

// Reads TENON_ISA. Fails if the word is unknown or the processor lacks it.
Result<Isa> chosen_isa();

}  // namespace tenon
