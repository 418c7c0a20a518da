// Random numbers of the simulation: splitmix64 (Steele, Lea and Flood, OOPSLA'14). A seed decides everything.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenon::sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // REQUIRES: count > 0
  uint32_t below(size_t count) { return static_cast<uint32_t>(next() % count); }
  // Both ends included. REQUIRES: least <= most
  uint32_t between(uint32_t least, uint32_t most) { return least + below(size_t{most} - least + 1); }
  bool chance(uint32_t percent) { return below(100) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& of) {
    return of[below(of.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace tenon::sim
