// A constraint that depends on every token before: a hash of them decides which may come next.
#pragma once
#include <tenon/engine/constraint.hpp>

namespace tenon::testing {

class HashConstraint final : public Constraint {
 public:
  // About one of `sparsity` tokens may come; after `length` tokens the answer must end, before that it may
  // after one of three.
  HashConstraint(uint32_t vocabulary, uint32_t sparsity, uint32_t length)
      : sparsity_(sparsity), length_(length), words_((vocabulary + 63) / 64) {}

  // Whether `token` may come after tokens of this hash.
  static bool allows(uint64_t hash, int32_t token, uint32_t sparsity) {
    return mixed(hash, static_cast<uint64_t>(token)) % sparsity == 0;
  }
  static uint64_t mixed(uint64_t hash, uint64_t token) {
    hash = (hash ^ (token + 1)) * 0x9E3779B97F4A7C15;
    return hash ^ hash >> 29;
  }

  std::span<const uint64_t> allowed() noexcept override {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] = 0;
    for (size_t token = 0; token < words_.size() * 64; ++token)
      words_[token / 64] |= uint64_t{allows(hash_, static_cast<int32_t>(token), sparsity_)} << (token % 64);
    return words_;
  }
  void accept(int32_t token) noexcept override {
    hash_ = mixed(hash_, static_cast<uint64_t>(token));
    ++taken_;
  }
  Ending ending() const noexcept override {
    if (taken_ >= length_) return Ending::kMust;
    return hash_ % 3 == 0 ? Ending::kMay : Ending::kMustNot;
  }

 private:
  const uint32_t sparsity_, length_;
  std::vector<uint64_t> words_;
  uint64_t hash_ = 1, taken_ = 0;
};

inline ConstraintMaker hash_constraint(uint32_t sparsity, uint32_t length, uint32_t vocabulary = 1 << 14) {
  return [=]() -> Result<std::unique_ptr<Constraint>> {
    return std::unique_ptr<Constraint>(std::make_unique<HashConstraint>(vocabulary, sparsity, length));
  };
}

}  // namespace tenon::testing
