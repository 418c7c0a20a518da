#include <tenon/ops/packing.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/ops/pack_stream.hpp>
#include <tenon/weights/convert.hpp>
#include <tenon/weights/weight_blocks.hpp>

#include <array>
#include <cmath>
#include <cstring>

namespace tenon {
namespace {

constexpr int kWords = 8;             // of 4 inputs, in a group
constexpr int64_t kVectorBytes = 64;  // a word for each feature of a panel

using Vector = std::array<uint32_t, kPanelRows>;

// The 8 words of a group, [k][o], become planes at `to`.
class Planes {
 public:
  Planes(const Vector* words, std::byte* to) : words_(words), to_(to) {}

  void put(int bits) {
    if (bits == 8) return put_words();
    if (bits & 4) put_plane(4);
    if (bits & 2) put_plane(2);
    if (bits & 1) put_plane(1);
  }

 private:
  void put_words() { std::memcpy(to_, words_, kWords * kVectorBytes); }

  // The next `width` bits of all words.
  void put_plane(int width) {
    int vectors = width, parts = 8 / width;
    uint32_t mask = ((1u << width) - 1) * 0x01010101u;
    for (int k = 0; k < vectors; ++k, to_ += kVectorBytes) {
      Vector packed{};
      for (int part = 0; part < parts; ++part)
        for (int o = 0; o < kPanelRows; ++o)
          packed[o] |= (words_[k + part * vectors][o] >> taken_ & mask) << (part * width);
      std::memcpy(to_, packed.data(), kVectorBytes);
    }
    taken_ += width;
  }

  const Vector* words_;
  std::byte* to_;
  int taken_ = 0;  // low bits that are in planes already
};

void put_f16(float value, std::byte* to, int o) {
  uint16_t half = f16_of_float(value);
  std::memcpy(to + 2 * o, &half, sizeof half);
}

void put_head(const PanelLayout& layout, const BlockCodes* blocks, std::byte* to) {
  for (int o = 0; o < kPanelRows; ++o) {
    if (layout.has_exponents) {
      to[o] = static_cast<std::byte>(blocks[o].d > 0 ? std::ilogb(blocks[o].d) + 128 : 0);
      continue;
    }
    put_f16(blocks[o].d, to, o);
    if (layout.has_minima) put_f16(blocks[o].m, to + 32, o);
  }
}

// One tile from the blocks of its 16 features.
void put_tile(const PanelLayout& layout, const BlockCodes* blocks, std::byte* to) {
  put_head(layout, blocks, to);
  to += layout.head_bytes;
  for (int group = 0; group < layout.groups; ++group) {
    for (int s = 0; layout.scale_bytes && s < layout.spans; ++s)
      for (int o = 0; o < kPanelRows; ++o) {
        int span = group * layout.spans + s;
        to[16 * s + o] = static_cast<std::byte>(blocks[o].scale[span]);
        if (layout.has_minima)
          to[16 * (layout.spans + s) + o] = static_cast<std::byte>(blocks[o].minimum[span]);
      }
    to += layout.scale_bytes;
    Vector words[kWords];
    for (int o = 0; o < kPanelRows; ++o)
      for (int k = 0; k < kWords; ++k)
        std::memcpy(&words[k][o], blocks[o].code + group * kGroupInputs + 4 * k, 4);
    Planes(words, to).put(layout.bits);
    to += kVectorBytes * layout.bits;
  }
}

bool has_halves(const BlockCodes& block) {
  constexpr float kMost = 65504;
  return std::fabs(block.d) <= kMost && std::fabs(block.m) <= kMost;
}

// Features beyond the last have factors of zero. False if some factor is beyond half precision.
bool put_panel(const tenon_weight& weight, const PanelLayout& layout, size_t member, int64_t panel,
               std::byte* to) {
  int64_t elements = block_of(weight.dtype).elements;
  int64_t first = panel * kPanelRows, rows = std::min(weight.rows - first, kPanelRows);
  BlockCodes blocks[kPanelRows] = {};
  bool fits = true;
  for (int64_t tile = 0; tile * elements < weight.columns; ++tile, to += layout.tile_bytes) {
    for (int64_t o = 0; o < rows; ++o) {
      read_block(weight, member, first + o, tile, blocks[o]);
      fits &= layout.has_exponents || has_halves(blocks[o]);
    }
    put_tile(layout, blocks, to);
  }
  return fits;
}

struct PackedType {
  DType type;
  PanelKind kind;
};
constexpr PackedType kTypes[] = {
    {DType::kQ8_0, PanelKind::kQ8_0},
    {DType::kQ4_0, PanelKind::kQ4_0},
    {DType::kQ4_1, PanelKind::kQ4_1},
    {DType::kQ5_0, PanelKind::kQ5_0},
    {DType::kQ5_1, PanelKind::kQ5_1},
    {DType::kQ2_K, PanelKind::kQ2_K},
    {DType::kQ3_K, PanelKind::kQ3_K},
    {DType::kQ4_K, PanelKind::kQ4_K},
    {DType::kQ5_K, PanelKind::kQ5_K},
    {DType::kQ6_K, PanelKind::kQ6_K},
    {DType::kIQ4_NL, PanelKind::kIQ4_NL},
    {DType::kIQ4_XS, PanelKind::kIQ4_XS},
    {DType::kMXFP4, PanelKind::kMXFP4},
    {DType::kInt4, PanelKind::kInt4},
    {DType::kInt8, PanelKind::kInt8},
    // Groups of 32 are what older types have, too.
    {DType::kInt4_32, PanelKind::kQ4_0},
    {DType::kInt8_32, PanelKind::kQ8_0},
    {DType::kUint4_32, PanelKind::kQ4_1},
};

}  // namespace

std::optional<PanelKind> find_panel_kind(DType type) {
  for (const PackedType& packed : kTypes)
    if (packed.type == type) return packed.kind;
  return std::nullopt;
}

std::optional<PackedShape> find_packed_shape(const tenon_weight& weight) {
  std::optional<PanelKind> kind = find_panel_kind(weight.dtype);
  if (!kind || weight.members.empty()) return std::nullopt;
  const PanelLayout& layout = kPanelLayouts[static_cast<size_t>(*kind)];
  int64_t tiles = weight.columns / (kGroupInputs * layout.groups);
  return PackedShape{*kind, (weight.rows + kPanelRows - 1) / kPanelRows,
                     static_cast<uint64_t>(tiles * layout.tile_bytes),
                     static_cast<int64_t>(weight.members.size())};
}

bool pack_panels(const tenon_weight& weight, size_t member, int64_t begin, int64_t end, std::byte* to) {
  PackedShape shape = *find_packed_shape(weight);
  const PanelLayout& layout = kPanelLayouts[static_cast<size_t>(shape.kind)];
  bool fits = true;
  for (int64_t i = begin; i < end; ++i, to += shape.panel_bytes)
    fits &= put_panel(weight, layout, member, i, to);
  return fits;
}

Status pack(tenon_weight& weight, ThreadPool& threads) {
  PackToMemory target;
  return PackStream({&weight}, threads).run(target);
}

}  // namespace tenon
