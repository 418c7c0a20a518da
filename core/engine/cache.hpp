// The engine's memory for sequences: the pool, and the cache manager that says where in it everything lies.
#pragma once
#include <tenon/engine/batch.hpp>

namespace tenon {

class Cache {
 public:
  // Takes the pool. Fails with TENON_OUT_OF_MEMORY.
  static Result<Cache> make(const Assembly& assembly);

  // As in tenon_cache_manager.h. A failure carries the manager's reason.
  Result<uint32_t> admit(uint64_t sequence, std::span<const int32_t> prompt, uint64_t salt,
                         uint64_t positions_now, uint64_t max_positions);
  Status reserve(const Work& work, uint32_t positions_end);
  // The same, but only whether there was room. Allocates nothing.
  bool try_reserve(const Work& work, uint32_t positions_end);
  Status commit(uint64_t sequence, uint32_t tokens);
  void release(uint64_t sequence);
  void discard(uint64_t sequence);
  tenon_cache_stats stats() const;
  Status check() const;

  // The states of layers [begin, end) of the assembly's needs for a step whose sequences have all reserved.
  // Valid until the next call for the same layers. Carries out what the manager asks of the pool.
  Result<std::span<const tenon_state>> fill(const Batch& batch, uint32_t begin, uint32_t end);

  uint64_t pool_bytes() const { return pool_.bytes(); }

 private:
  Cache(const Assembly& assembly, AlignedBuffer pool);
  void maintain(const tenon_cache_tables& tables);
  void point_states(const tenon_step& step, const tenon_cache_tables& tables);

  const Assembly* assembly_;
  AlignedBuffer pool_;
  std::vector<tenon_state> states_;  // [layers]
  std::vector<int32_t> page_table_;  // [S, pages_max]
  std::vector<int32_t> slot_start_;  // [layers, S]
  std::vector<int32_t> slot_save_;   // [layers, T]
};

}  // namespace tenon
