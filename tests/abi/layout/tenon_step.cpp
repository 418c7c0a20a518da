// tenon_step.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_step.h>

VALUE(TENON_PREFILL, 0);
VALUE(TENON_DECODE, 1);

SIZE(tenon_model_shape, 28, norm_offset);
FIELD(tenon_model_shape, 0, size, uint32_t);
FIELD(tenon_model_shape, 4, model_dim, uint32_t);
FIELD(tenon_model_shape, 8, vocabulary, uint32_t);
FIELD(tenon_model_shape, 12, layers, uint32_t);
FIELD(tenon_model_shape, 16, rotary_pairs, uint32_t);
FIELD(tenon_model_shape, 20, norm_eps, float);
FIELD(tenon_model_shape, 24, norm_offset, float);

SIZE(tenon_limits, 24, threads);
FIELD(tenon_limits, 0, size, uint32_t);
FIELD(tenon_limits, 4, tokens_per_step_max, uint32_t);
FIELD(tenon_limits, 8, sequences_max, uint32_t);
FIELD(tenon_limits, 12, context_max, uint32_t);
FIELD(tenon_limits, 16, draft_tokens_max, uint32_t);
FIELD(tenon_limits, 20, threads, uint32_t);

SIZE(tenon_needs, 40, reserved);
FIELD(tenon_needs, 0, size, uint32_t);
FIELD(tenon_needs, 4, chunk_tokens, uint32_t);
FIELD(tenon_needs, 8, bytes_per_token, uint64_t);
FIELD(tenon_needs, 16, bytes_per_sequence, uint64_t);
FIELD(tenon_needs, 24, workspace_bytes, uint64_t);
FIELD(tenon_needs, 32, saves_every_token, uint32_t);
FIELD(tenon_needs, 36, reserved, uint32_t);

SIZE(tenon_step, 88, stream);
FIELD(tenon_step, 0, size, uint32_t);
FIELD(tenon_step, 4, tokens, uint32_t);
FIELD(tenon_step, 8, sequences, uint32_t);
FIELD(tenon_step, 12, rotary_pairs, uint32_t);
FIELD(tenon_step, 16, positions, const int32_t*);
FIELD(tenon_step, 24, token_start, const int32_t*);
FIELD(tenon_step, 32, phase, const int32_t*);
FIELD(tenon_step, 40, context_first, const int32_t*);
FIELD(tenon_step, 48, context_length, const int32_t*);
FIELD(tenon_step, 56, rotary_cos, const float*);
FIELD(tenon_step, 64, rotary_sin, const float*);
FIELD(tenon_step, 72, workspace, void*);
FIELD(tenon_step, 80, stream, void*);

SIZE(tenon_state, 72, slot_save);
FIELD(tenon_state, 0, size, uint32_t);
FIELD(tenon_state, 4, page_tokens, uint32_t);
FIELD(tenon_state, 8, pages_max, uint32_t);
FIELD(tenon_state, 12, reserved, uint32_t);
FIELD(tenon_state, 16, pages, void*);
FIELD(tenon_state, 24, page_stride, uint64_t);
FIELD(tenon_state, 32, page_table, const int32_t*);
FIELD(tenon_state, 40, slots, void*);
FIELD(tenon_state, 48, slot_stride, uint64_t);
FIELD(tenon_state, 56, slot_start, const int32_t*);
FIELD(tenon_state, 64, slot_save, const int32_t*);
