// The loops of gated attention, one instruction set at a time. Each handles one head, or the query heads that
// share a key head, of one token.
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstddef>
#include <cstdint>

namespace tenon {

// y = rotate(x / rms(x) * (offset + gain)) * factor; rotation of the first 2 * pairs elements, in split halves.
struct NormRotateArgs {
  const float *x, *gain;  // [K]
  float* y;               // [K]
  int64_t head_dim, pairs;
  const float *cosines, *sines;  // [pairs]
  float offset, eps, factor;
};
TENON_ISA_DECLARE(void attention_norm_rotate(const NormRotateArgs& args) noexcept);

// count float32 as they are kept in a page: copied, or rounded to bfloat16.
TENON_ISA_DECLARE(void attention_store_f32(const float* from, std::byte* to, int64_t count) noexcept);
TENON_ISA_DECLARE(void attention_store_bf16(const float* from, std::byte* to, int64_t count) noexcept);

// out = softmax(q K^T) V over the positions [first, end) of one sequence, for `heads` query heads of one key
// head.
struct AttendArgs {
  const float* q;  // [heads, K]
  float* out;      // [heads, K]
  int64_t heads, head_dim;
  int64_t first, end;
  const std::byte* pages;     // see tenon_state
  const int32_t* page_table;  // of the sequence
  int64_t page_tokens, page_stride, token_stride;
  int64_t key_offset, value_offset;  // bytes from a token's beginning to this head's key and value
};
// Keys are taken in tiles of 64, counted from position 0, and each tile is folded into a running maximum and
// sum (Milakov and Gimelshein, arXiv 1805.02867): the order depends on the positions alone, not on pages or
// batch.
TENON_ISA_DECLARE(void attention_attend_f32(const AttendArgs& args) noexcept);
TENON_ISA_DECLARE(void attention_attend_bf16(const AttendArgs& args) noexcept);

// The same for `tokens` that follow each other in one sequence, each up to and with itself: tile after tile for
// all of them, so that keys and values are read once for many. `args` is of the first token. The two differ in
// the order in which a score is summed.
inline constexpr int64_t kAttendTokens = 16, kAttendHeads = 16;
struct AttendManyArgs {
  AttendArgs args;
  int64_t tokens;                // at most kAttendTokens; at most kAttendHeads heads
  int64_t q_stride, out_stride;  // elements from one token's q and out to the next
  float* scratch;                // [attend_scratch(heads, K)]
};
inline int64_t attend_scratch(int64_t heads, int64_t head_dim) {
  return 64 * (2 * head_dim + kAttendTokens * heads);
}
TENON_ISA_DECLARE(void attention_attend_many_f32(const AttendManyArgs& args) noexcept);
TENON_ISA_DECLARE(void attention_attend_many_bf16(const AttendManyArgs& args) noexcept);

// out *= sigmoid(gate); [count]
TENON_ISA_DECLARE(void attention_gate(float* out, const float* gate, int64_t count) noexcept);

}  // namespace tenon
