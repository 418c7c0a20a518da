// The pool's units and who refers to them. A unit may have several owners: sequences that share a page, and the
// prefix tree, which holds what finished prompts left behind. It is free when the last of them has let go.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenon::hybrid_paged {

class Units {
 public:
  void reset(uint32_t count) {
    free_.clear(), freed_.clear();
    free_.reserve(count), freed_.reserve(count);
    is_freed_.assign(count, false);
    owners_.assign(count, 0), holds_.assign(count, 0);
    held_ = idle_ = 0;
    for (uint32_t unit = count; unit > 0; --unit) free_.push_back(static_cast<int32_t>(unit - 1));
  }

  size_t count() const { return owners_.size(); }
  size_t available() const { return free_.size(); }
  // Held by the tree at all, and by nobody else.
  size_t held() const { return held_; }
  size_t idle() const { return idle_; }
  uint32_t owners(int32_t unit) const { return owners_[index(unit)]; }
  bool is_exclusive(int32_t unit) const { return owners_[index(unit)] == 1; }

  bool is_exclusive_but_for_tree(int32_t unit) const { return owners_[index(unit)] == holds_[index(unit)] + 1; }

  // For a sequence. Last in, first out, so that warm memory is used again first. REQUIRES: available() > 0
  int32_t take() {
    int32_t unit = free_.back();
    free_.pop_back();
    owners_[index(unit)] = 1;
    return unit;
  }
  void share(int32_t unit) { change(unit, +1, 0); }
  void give_back(int32_t unit) { change(unit, -1, 0); }

  // For the tree.
  void hold(int32_t unit) { change(unit, +1, +1); }
  // Returns whether that was the tree's last hold.
  bool drop(int32_t unit) {
    change(unit, -1, -1);
    return holds_[index(unit)] == 0;
  }

  // Freed since the last clear_freed, each once; a unit may have been taken again since.
  const std::vector<int32_t>& freed() const { return freed_; }
  void clear_freed() {
    for (int32_t unit : freed_) is_freed_[index(unit)] = false;
    freed_.clear();
  }

 private:
  static size_t index(int32_t unit) { return static_cast<size_t>(unit); }
  bool is_idle(int32_t unit) const {
    return holds_[index(unit)] > 0 && owners_[index(unit)] == holds_[index(unit)];
  }
  void change(int32_t unit, int owners, int holds) {
    idle_ -= is_idle(unit), held_ -= holds_[index(unit)] > 0;
    owners_[index(unit)] += static_cast<uint32_t>(owners), holds_[index(unit)] += static_cast<uint32_t>(holds);
    idle_ += is_idle(unit), held_ += holds_[index(unit)] > 0;
    if (owners_[index(unit)] > 0) return;
    free_.push_back(unit);
    if (!is_freed_[index(unit)]) freed_.push_back(unit);
    is_freed_[index(unit)] = true;
  }

  std::vector<int32_t> free_, freed_;
  std::vector<bool> is_freed_;            // whether a unit is in freed_
  std::vector<uint32_t> owners_, holds_;  // [units]; owners_ counts the tree's holds too
  size_t held_ = 0, idle_ = 0;
};

}  // namespace tenon::hybrid_paged
