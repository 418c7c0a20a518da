// The simplest cache manager there can be: every sequence gets one region that holds its longest context, and
// slots of its own. Nothing is shared and nothing moves, which makes it the one to compare others with.
#pragma once
#include <tenon/sdk/cache_manager.hpp>

#include <unordered_map>
#include <vector>

namespace tenon::contiguous {

class Manager final : public CacheManager {
 public:
  static Result<std::unique_ptr<Manager>> create(Host host, Config config);

  Result<tenon_cache_plan> plan(const tenon_limits& limits, std::span<const tenon_needs> needs,
                                uint64_t pool_bytes_max, std::span<tenon_placement> placements) override;
  Result<uint32_t> admit(uint64_t id, const tenon_admission& admission) override;
  Status reserve(uint64_t id, const tenon_reservation& reservation) override;
  Status fill(const tenon_step& step, std::span<const uint64_t> ids, tenon_cache_tables& tables) override;
  Status commit(uint64_t id, uint32_t tokens) override;
  void release(uint64_t id) noexcept override;

 private:
  struct Sequence {
    uint32_t region;
    uint32_t computed = 0, reserved_tokens = 0;
    bool saves_last_only = true;  // of the reserved tokens
    uint32_t current = 0;         // which of the region's slots holds the state
  };

  Result<Sequence*> get(uint64_t id);
  void report_freed(uint32_t region);
  // The slot of a region that receives the state after the i-th token of a step; the last may be the current
  // one.
  uint32_t save_slot(const Sequence& sequence, uint32_t i) const {
    return (sequence.current + 1 + i) % slots_per_region_;
  }

  struct LayerPlace {
    bool is_slotted;
    tenon_placement placement;
    uint64_t page_bytes, slot_bytes;
  };
  std::vector<LayerPlace> layers_;
  uint32_t positions_max_ = 0, slots_per_region_ = 1;
  std::vector<uint32_t> free_regions_;
  std::vector<bool> is_freed_;  // [regions] whether its ranges are in freed_
  std::unordered_map<uint64_t, Sequence> sequences_;
  std::vector<tenon_range> freed_, given_;  // since the last fill; handed out by it
};

}  // namespace tenon::contiguous
