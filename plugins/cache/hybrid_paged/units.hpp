// The free list: units taken and given back, last in first out, so that warm memory is used again first.
#pragma once
#include <cstdint>
#include <vector>

namespace tenon::hybrid_paged {

class Units {
 public:
  void reset(uint32_t count) {
    free_.clear(), freed_.clear();
    free_.reserve(count), freed_.reserve(count);
    is_freed_.assign(count, false);
    for (uint32_t unit = count; unit > 0; --unit) free_.push_back(static_cast<int32_t>(unit - 1));
  }

  size_t available() const { return free_.size(); }

  // REQUIRES: available() > 0
  int32_t take() {
    int32_t unit = free_.back();
    free_.pop_back();
    return unit;
  }

  void give_back(int32_t unit) {
    free_.push_back(unit);
    if (!is_freed_[static_cast<size_t>(unit)]) freed_.push_back(unit);
    is_freed_[static_cast<size_t>(unit)] = true;
  }

  // Given back since the last clear_freed, each once; a unit may have been taken again since.
  const std::vector<int32_t>& freed() const { return freed_; }
  void clear_freed() {
    for (int32_t unit : freed_) is_freed_[static_cast<size_t>(unit)] = false;
    freed_.clear();
  }

 private:
  std::vector<int32_t> free_, freed_;
  std::vector<bool> is_freed_;  // whether a unit is in freed_
};

}  // namespace tenon::hybrid_paged
