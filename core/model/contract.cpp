#include <tenon/model/contract.hpp>

#include <cmath>
#include <cstring>
#include <limits>

namespace tenon {
namespace {

constexpr std::byte kGuardPattern{0xa5};

uint64_t hash_of(const Matrix& m) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a, over 32-bit words
  for (int64_t i = 0; i < m.rows * m.columns; ++i) {
    uint32_t word;
    std::memcpy(&word, m.data + i, sizeof word);
    hash = (hash ^ word) * 1099511628211u;
  }
  return hash;
}

}  // namespace

ContractCheck::ContractCheck(Matrix x, Matrix y, void* workspace, uint64_t workspace_bytes)
    : x_(x), y_(y), guard_(static_cast<std::byte*>(workspace) + workspace_bytes), input_hash_(hash_of(x)) {
  std::memset(guard_, static_cast<int>(kGuardPattern), kGuardBytes);
  for (int64_t i = 0; i < y.rows * y.columns; ++i) y.data[i] = std::numeric_limits<float>::signaling_NaN();
}

Status ContractCheck::verify(const std::string& place) const {
  if (hash_of(x_) != input_hash_)
    return Error{TENON_INTERNAL, place + ": changed its input, which only the core may change"};
  for (uint64_t i = 0; i < kGuardBytes; ++i)
    if (guard_[i] != kGuardPattern)
      return Error{TENON_INTERNAL, place + ": wrote past the workspace that it planned"};
  for (int64_t i = 0; i < y_.rows * y_.columns; ++i)
    if (!std::isfinite(y_.data[i]))
      return Error{TENON_INTERNAL, place + ": row " + std::to_string(i / y_.columns) + ", column " +
                                       std::to_string(i % y_.columns) +
                                       " of its output is not finite or not written"};
  return ok();
}

}  // namespace tenon
