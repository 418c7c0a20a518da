// The hybrid cache manager: pages and slots of every sequence, from one pool of equal units.
#pragma once
#include "layout.hpp"
#include "units.hpp"

#include <unordered_map>

namespace tenon::hybrid_paged {

// What one sequence holds.
struct Sequence {
  uint64_t positions_max = 0;
  uint32_t computed = 0;         // tokens whose pages and state are there
  std::vector<int32_t> pages;    // units, in order of position
  std::vector<int32_t> current;  // [slotted layers] the state after `computed` tokens; -1 before the first
  // Between reserve and commit.
  uint32_t reserved_tokens = 0;
  int32_t phase = TENON_PREFILL;
  std::vector<int32_t> saves;    // [slotted layers, saves_per_layer] in order of token
  uint32_t saves_per_layer = 0;  // one for a prefill, one per token for a decode
};

class Manager final : public CacheManager {
 public:
  explicit Manager(uint32_t page_tokens) : page_tokens_(page_tokens) {}
  static Result<std::unique_ptr<Manager>> create(Host host, Config config);

  Result<tenon_cache_plan> plan(const tenon_limits& limits, std::span<const tenon_needs> needs,
                                uint64_t pool_bytes_max, std::span<tenon_placement> placements) override;
  Result<uint32_t> admit(uint64_t id, const tenon_admission& admission) override;
  Status reserve(uint64_t id, const tenon_reservation& reservation) override;
  Status fill(const tenon_step& step, std::span<const uint64_t> ids, tenon_cache_tables& tables) override;
  Status commit(uint64_t id, uint32_t tokens) override;
  void release(uint64_t id) noexcept override;

  size_t units_available() const { return units_.available(); }
  const Layout& layout() const { return layout_; }

 private:
  Result<Sequence*> get(uint64_t id);
  uint64_t slots_only_reserved(const Sequence& sequence) const;
  void cancel_reservation(Sequence& sequence);
  void give_back_saves(Sequence& sequence, int32_t kept_index);
  void fill_slots(const tenon_step& step, uint32_t s, const Sequence& sequence,
                  tenon_cache_tables& tables) const;

  uint32_t page_tokens_;  // as configured; 0: chosen
  Layout layout_;
  Units units_;
  std::unordered_map<uint64_t, Sequence> sequences_;
  std::vector<tenon_range> freed_;
};

}  // namespace tenon::hybrid_paged
