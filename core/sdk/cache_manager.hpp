// Base class and table of a cache manager. A plugin derives, adds
//     static Result<std::unique_ptr<Derived>> create(Host, Config);
// and ends with TENON_CACHE_MANAGER_PLUGIN(...).
#pragma once
#include <tenon/abi/tenon_cache_manager.h>
#include <tenon/sdk/boundary.hpp>

#include <span>
#include <vector>

namespace tenon {

// See tenon_cache_manager.h for what each call owes and on which thread it comes.
class CacheManager {
 public:
  virtual ~CacheManager() = default;
  // Fills placements (one per layer of needs) and returns the plan.
  virtual Result<tenon_cache_plan> plan(const tenon_limits& limits, std::span<const tenon_needs> needs,
                                        uint64_t pool_bytes_max, std::span<tenon_placement> placements) = 0;
  // Returns the number of leading tokens already computed.
  virtual Result<uint32_t> admit(uint64_t sequence, const tenon_admission& admission) = 0;
  virtual Status reserve(uint64_t sequence, const tenon_reservation& reservation) = 0;
  virtual Status fill(const tenon_step& step, std::span<const uint64_t> sequences,
                      tenon_cache_tables& tables) = 0;
  virtual Status commit(uint64_t sequence, uint32_t tokens) = 0;
  virtual void release(uint64_t sequence) noexcept = 0;
  // For managers that keep nothing beyond a sequence's life, these need no more.
  virtual void discard(uint64_t sequence) noexcept { release(sequence); }
  virtual tenon_cache_stats stats() const noexcept { return {}; }
  virtual Status check() const { return ok(); }
};

namespace detail {
template <class T>
inline constexpr tenon_cache_manager cache_manager_table = {
    sizeof(tenon_cache_manager),
    0,
    create<T>,
    destroy<T>,
    [](void* self, const tenon_limits* limits, const tenon_needs* needs, uint32_t layers,
       uint64_t pool_bytes_max, tenon_cache_plan* plan, tenon_placement* placements) noexcept {
      return with<T>(self, [&](T& object) -> Status {
        std::vector<tenon_needs> all;
        for (uint32_t i = 0; i < layers; ++i) all.push_back(read_known(element_of(needs, i)));
        TENON_TRY(tenon_cache_plan made, object.plan(*limits, all, pool_bytes_max, {placements, layers}));
        write_known(plan, made);
        return ok();
      });
    },
    [](void* self, uint64_t sequence, const tenon_admission* admission, uint32_t* computed) noexcept {
      return with<T>(self, [&](T& object) -> Status {
        TENON_TRY(*computed, object.admit(sequence, *admission));
        return ok();
      });
    },
    [](void* self, uint64_t sequence, const tenon_reservation* reservation) noexcept {
      return with<T>(self, [&](T& object) { return object.reserve(sequence, *reservation); });
    },
    [](void* self, const tenon_step* step, const uint64_t* sequences, tenon_cache_tables* tables) noexcept {
      return with<T>(self, [&](T& object) {
        return object.fill(*step, {sequences, step->sequences}, *tables);
      });
    },
    [](void* self, uint64_t sequence, uint32_t tokens) noexcept {
      return with<T>(self, [&](T& object) { return object.commit(sequence, tokens); });
    },
    [](void* self, uint64_t sequence) noexcept { static_cast<Boxed<T>*>(self)->object->release(sequence); },
    [](void* self, uint64_t sequence) noexcept { static_cast<Boxed<T>*>(self)->object->discard(sequence); },
    [](void* self, tenon_cache_stats* stats) noexcept {
      write_known(stats, static_cast<Boxed<T>*>(self)->object->stats());
    },
    [](void* self) noexcept { return with<T>(self, [](T& object) { return object.check(); }); },
};
}  // namespace detail
}  // namespace tenon

#define TENON_CACHE_MANAGER_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TYPE) \
  TENON_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TENON_CACHE_MANAGER,      \
               tenon::detail::cache_manager_table<TYPE>)
