// tenon_cache_manager.h as of version 1.1.
#include "layout.hpp"

#include <tenon/abi/tenon_cache_manager.h>

ID(TENON_CACHE_MANAGER, "tenon.cache_manager/1");

SIZE(tenon_cache_plan, 24, pool_bytes);
FIELD(tenon_cache_plan, 0, size, uint32_t);
FIELD(tenon_cache_plan, 4, page_tokens, uint32_t);
FIELD(tenon_cache_plan, 8, pages_max, uint32_t);
FIELD(tenon_cache_plan, 12, reserved, uint32_t);
FIELD(tenon_cache_plan, 16, pool_bytes, uint64_t);

SIZE(tenon_placement, 32, slot_stride);
FIELD(tenon_placement, 0, pages_offset, uint64_t);
FIELD(tenon_placement, 8, page_stride, uint64_t);
FIELD(tenon_placement, 16, slots_offset, uint64_t);
FIELD(tenon_placement, 24, slot_stride, uint64_t);

SIZE(tenon_admission, 40, max_positions);
FIELD(tenon_admission, 0, size, uint32_t);
FIELD(tenon_admission, 4, tokens, uint32_t);
FIELD(tenon_admission, 8, token_ids, const int32_t*);
FIELD(tenon_admission, 16, salt, uint64_t);
FIELD(tenon_admission, 24, positions_now, uint64_t);
FIELD(tenon_admission, 32, max_positions, uint64_t);

SIZE(tenon_reservation, 32, token_ids);
FIELD(tenon_reservation, 0, size, uint32_t);
FIELD(tenon_reservation, 4, tokens, uint32_t);
FIELD(tenon_reservation, 8, first, uint32_t);
FIELD(tenon_reservation, 12, positions_end, uint32_t);
FIELD(tenon_reservation, 16, phase, int32_t);
FIELD(tenon_reservation, 20, all_kept, uint32_t);
FIELD(tenon_reservation, 24, token_ids, const int32_t*);

SIZE(tenon_range, 16, bytes);
FIELD(tenon_range, 0, offset, uint64_t);
FIELD(tenon_range, 8, bytes, uint64_t);

SIZE(tenon_copy, 24, bytes);
FIELD(tenon_copy, 0, from, uint64_t);
FIELD(tenon_copy, 8, to, uint64_t);
FIELD(tenon_copy, 16, bytes, uint64_t);

SIZE(tenon_cache_tables, 64, copies);
FIELD(tenon_cache_tables, 0, size, uint32_t);
FIELD(tenon_cache_tables, 4, layer_begin, uint32_t);
FIELD(tenon_cache_tables, 8, layer_end, uint32_t);
FIELD(tenon_cache_tables, 12, freed_count, uint32_t);
FIELD(tenon_cache_tables, 16, copies_count, uint32_t);
FIELD(tenon_cache_tables, 24, page_table, int32_t*);
FIELD(tenon_cache_tables, 32, slot_start, int32_t*);
FIELD(tenon_cache_tables, 40, slot_save, int32_t*);
FIELD(tenon_cache_tables, 48, freed, const tenon_range*);
FIELD(tenon_cache_tables, 56, copies, const tenon_copy*);

SIZE(tenon_cache_stats, 72, states_kept);
FIELD(tenon_cache_stats, 0, size, uint32_t);
FIELD(tenon_cache_stats, 4, reserved, uint32_t);
FIELD(tenon_cache_stats, 8, pool, uint64_t);
FIELD(tenon_cache_stats, 16, used_by_sequences, uint64_t);
FIELD(tenon_cache_stats, 24, kept_for_later, uint64_t);
FIELD(tenon_cache_stats, 32, prompt_tokens, uint64_t);
FIELD(tenon_cache_stats, 40, reused_tokens, uint64_t);
FIELD(tenon_cache_stats, 48, pages_evicted, uint64_t);
FIELD(tenon_cache_stats, 56, states_evicted, uint64_t);
FIELD(tenon_cache_stats, 64, states_kept, uint64_t);

SIZE(tenon_cache_manager, 96, check);
FIELD(tenon_cache_manager, 0, size, uint32_t);
FIELD(tenon_cache_manager, 4, reserved, uint32_t);
FUNCTION(tenon_cache_manager, 8, create, tenon_status(const tenon_host*, const tenon_config*, void**));
FUNCTION(tenon_cache_manager, 16, destroy, void(void*));
FUNCTION(tenon_cache_manager, 24, plan,
         tenon_status(void*, const tenon_limits*, const tenon_needs*, uint32_t, uint64_t, tenon_cache_plan*,
                      tenon_placement*));
FUNCTION(tenon_cache_manager, 32, admit, tenon_status(void*, uint64_t, const tenon_admission*, uint32_t*));
FUNCTION(tenon_cache_manager, 40, reserve, tenon_status(void*, uint64_t, const tenon_reservation*));
FUNCTION(tenon_cache_manager, 48, fill,
         tenon_status(void*, const tenon_step*, const uint64_t*, tenon_cache_tables*));
FUNCTION(tenon_cache_manager, 56, commit, tenon_status(void*, uint64_t, uint32_t));
FUNCTION(tenon_cache_manager, 64, release, void(void*, uint64_t));
FUNCTION(tenon_cache_manager, 72, discard, void(void*, uint64_t));
FUNCTION(tenon_cache_manager, 80, stats, void(void*, tenon_cache_stats*));
FUNCTION(tenon_cache_manager, 88, check, tenon_status(void*));
