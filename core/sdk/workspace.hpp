// Dividing a step's workspace. The same function counts at planning and carves in a step, so the two cannot
// differ:
//
//     Scratch carve(Carver& carver, int64_t tokens) { return {carver.take(tokens, tokens_max, columns), ...}; }
//     Carver counter; carve(counter, 0); needs.workspace_bytes = counter.used();
//     Carver carver(step.workspace); Scratch scratch = carve(carver, step.tokens);
#pragma once
#include <tenon/sdk/tensor.hpp>

#include <cstddef>

namespace tenon {

// Hands out consecutive parts, each aligned to a cache line; or only counts, where there is no workspace yet.
class Carver {
 public:
  Carver() = default;
  explicit Carver(void* workspace) : base_(static_cast<std::byte*>(workspace)) {}

  // A matrix with room for `rows_max` rows, of which `rows` are in use.
  Matrix take(int64_t rows, int64_t rows_max, int64_t columns) {
    return {reinterpret_cast<float*>(take_bytes(static_cast<uint64_t>(rows_max * columns) * sizeof(float))),
            rows, columns};
  }
  int32_t* take_ints(int64_t count) {
    return reinterpret_cast<int32_t*>(take_bytes(static_cast<uint64_t>(count) * sizeof(int32_t)));
  }
  std::byte* rest() const { return base_ + used_; }
  uint64_t used() const { return used_; }

 private:
  std::byte* take_bytes(uint64_t bytes) {
    std::byte* at = base_ ? base_ + used_ : nullptr;
    used_ += (bytes + 63) / 64 * 64;
    return at;
  }

  std::byte* base_ = nullptr;
  uint64_t used_ = 0;
};

}  // namespace tenon
