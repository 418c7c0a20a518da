#include <tenon/base/isa.hpp>
#include <tenon/base/text.hpp>

#include <cstdlib>

namespace tenon {

const char* name_of(Isa isa) {
  switch (isa) {
    case Isa::kScalar: return "scalar";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
  }
  return "unknown";
}

Isa widest_isa() {
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx2 && avx512 ? Isa::kAvx512 : avx2 ? Isa::kAvx2 : Isa::kScalar;
}

Result<Isa> chosen_isa() {
  const char* word = std::getenv("TENON_ISA");
  if (!word || !*word) return widest_isa();
  for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (std::string(word) != name_of(isa)) continue;
    if (isa <= widest_isa()) return isa;
    return Error{TENON_UNSUPPORTED, std::string("TENON_ISA: is ") + word +
                                        ", but this processor goes only up to " + name_of(widest_isa())};
  }
  return invalid("TENON_ISA: is " + printable(word) + ", expected scalar, avx2 or avx512");
}

}  // namespace tenon
