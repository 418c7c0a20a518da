#include <tenon/ops/narrowing.hpp>

#include <tenon/ops/ops.hpp>

#include <atomic>
#include <cstring>

namespace tenon {
namespace {

constexpr int64_t kElementsPerRange = 1 << 16;

int64_t elements_of(const tenon_weight& weight) { return weight.rows * weight.columns; }

uint32_t bits_at(const tenon_weight& weight, size_t member, int64_t i) {
  uint32_t bits;
  std::memcpy(&bits, weight.members[member].data + i * int64_t{sizeof bits}, sizeof bits);
  return bits;
}

bool is_bf16(const tenon_weight& weight, size_t member, ThreadPool& threads) {
  std::atomic<bool> all{true};
  parallel_for(threads, elements_of(weight), kElementsPerRange, [&](int64_t begin, int64_t end) {
    if (!all.load(std::memory_order_relaxed)) return;
    uint32_t lower = 0;
    for (int64_t i = begin; i < end; ++i) lower |= bits_at(weight, member, i) & 0xffff;
    if (lower != 0) all = false;
  });
  return all;
}

void copy_upper(const tenon_weight& weight, size_t member, std::byte* to, ThreadPool& threads) {
  parallel_for(threads, elements_of(weight), kElementsPerRange, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      auto upper = static_cast<uint16_t>(bits_at(weight, member, i) >> 16);
      std::memcpy(to + i * int64_t{sizeof upper}, &upper, sizeof upper);
    }
  });
}

}  // namespace

uint64_t narrow_bytes_of(const tenon_weight& weight) {
  if (weight.dtype != DType::kF32) return 0;
  return weight.members.size() * static_cast<uint64_t>(elements_of(weight)) * sizeof(uint16_t);
}

Status narrow(tenon_weight& weight, ThreadPool& threads) {
  uint64_t bytes = narrow_bytes_of(weight);
  // A range of parallel_for is counted in 32 bits.
  if (bytes == 0 || elements_of(weight) > UINT32_MAX) return ok();
  for (size_t member = 0; member < weight.members.size(); ++member)
    if (!is_bf16(weight, member, threads)) return ok();
  TENON_TRY(AlignedBuffer buffer, AlignedBuffer::allocate(bytes, "float32 weights as bfloat16"));
  uint64_t member_bytes = bytes / weight.members.size();
  for (size_t member = 0; member < weight.members.size(); ++member) {
    std::byte* to = buffer.data() + member * member_bytes;
    copy_upper(weight, member, to, threads);
    weight.members[member].data = to;
  }
  weight.dtype = DType::kBF16, weight.narrowed = std::move(buffer);
  return ok();
}

}  // namespace tenon
