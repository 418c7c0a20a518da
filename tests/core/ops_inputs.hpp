// What tests of the dense operations go over, and how they hand values in.
#pragma once
#include <tenon/base/isa.hpp>
#include <tenon/sdk/tensor.hpp>

#include <vector>

namespace tenon::testing {

// Those of this processor.
inline std::vector<Isa> isas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512})
    if (isa <= widest_isa()) isas.push_back(isa);
  return isas;
}

inline Matrix matrix(std::vector<float>& values, int64_t columns) {
  return {values.data(), static_cast<int64_t>(values.size()) / columns, columns};
}

}  // namespace tenon::testing
