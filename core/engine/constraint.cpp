#include <tenon/engine/constraint.hpp>

#include <algorithm>

namespace tenon {
namespace {

class Delayed final : public Constraint {
 public:
  Delayed(int32_t token, std::vector<int32_t> then, std::unique_ptr<Constraint> inner)
      : token_(token), then_(std::move(then)), inner_(std::move(inner)) {
    if (!then_.empty()) only_.resize(word_of(*std::max_element(then_.begin(), then_.end())) + 1);
  }

  std::span<const uint64_t> allowed() noexcept override {
    if (!is_begun_) return {};
    if (next_ == then_.size()) return inner_->allowed();
    std::fill(only_.begin(), only_.end(), 0);
    only_[word_of(then_[next_])] = uint64_t{1} << (then_[next_] % 64);
    return only_;
  }

  void accept(int32_t token) noexcept override {
    if (!is_begun_) {
      is_begun_ = token == token_;
    } else if (next_ < then_.size()) {
      ++next_;
    } else {
      inner_->accept(token);
    }
  }

  Ending ending() const noexcept override {
    return is_begun_ && next_ == then_.size() ? inner_->ending() : Ending::kMustNot;
  }

 private:
  static size_t word_of(int32_t token) { return static_cast<size_t>(token) / 64; }

  const int32_t token_;
  const std::vector<int32_t> then_;
  std::unique_ptr<Constraint> inner_;
  bool is_begun_ = false;
  size_t next_ = 0;             // of then_
  std::vector<uint64_t> only_;  // the mask of that one
};

}  // namespace

ConstraintMaker starts_after(int32_t token, std::vector<int32_t> then, ConstraintMaker maker) {
  return [=]() -> Result<std::unique_ptr<Constraint>> {
    TENON_TRY(auto inner, maker());
    for (int32_t id : then)
      if (id < 0) return invalid("constraint: token id " + std::to_string(id) + ", must not be negative");
    return std::unique_ptr<Constraint>(std::make_unique<Delayed>(token, then, std::move(inner)));
  };
}

}  // namespace tenon
