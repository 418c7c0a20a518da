// How packed weights lie in memory: the layout that one instruction multiplies, for all types in blocks.
//
// A member of a weight, [N, M], is ceil(N / 16) panels of 16 output features; the last is filled up with zeros.
// A panel is a sequence of tiles along M, a tile a sequence of groups of 32 inputs. o is a feature within the
// panel, s a span of 16 or 32 inputs that share a scale:
//
//     panel   tile  tile  tile ...
//     tile    d: f16[16]   (m: f16[16])   group (group ...)      1, 4 or 8 groups: blocks of 32, 128 or 256;
//                                                                mxfp4 has d: u8[16], which stand for 2^(d-128)
//     group   (scale: i8[spans][16])   (minimum: u8[spans][16])   codes      scales and minima only if 8 groups
//     codes   8 words of 4 inputs, each for 16 features: word[k][o] holds inputs 4k .. 4k+3 of feature o, a
//     byte each
//
// so that 16 lanes of 32 bits are 16 features x 4 inputs, to be multiplied by 4 activations that all lanes
// share. Codes of fewer than 8 bits are cut into planes of the same words, the first that the width has:
//
//     4 bits  4 vectors: words k and k + 4 in the low and high nibbles of vector k
//     2 bits  2 vectors: words k, k + 2, k + 4, k + 6 in the bit pairs of vector k, from the lowest up
//     1 bit   1 vector: word k in bit k
//
// A code has its 4 low bits in the first plane, the next in the following ones. Codes of 8 bits are 8 vectors.
// No byte is lost against the file, but for scales of 6 or 4 bits, which take 8.
//
// Thread: these are constants. Included by files that are compiled per instruction set: plain data only.
#pragma once
#include <cstdint>

namespace tenon {

inline constexpr int64_t kPanelRows = 16;
inline constexpr int64_t kGroupInputs = 32;

// Where a code is an index into one of these, what stands there is called code below.
enum class CodeTable : uint8_t { kNone, kUneven, kE2M1 };
struct CodeSteps {
  int32_t bits;  // of the greatest
  uint8_t step[16];
};
inline constexpr CodeSteps kCodeTables[] = {
    {},
    // The steps of iq4_nl and iq4_xs, raised by 128.
    {8, {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}},
    // Twice the values of E2M1, raised by 12.
    {5, {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0}},
};

struct PanelLayout {
  int32_t groups;   // per tile: 1, 4 or 8
  int32_t spans;    // per group: 1 or 2
  int32_t bits;     // per code, as stored
  int32_t zero;     // a weight is scale * (code - zero) - minimum ...
  bool has_minima;  // ... without minima if zero is not 0
  CodeTable table;
  bool has_exponents;                           // d is a power of two, of which the exponent is stored
  int32_t head_bytes, scale_bytes, tile_bytes;  // d and m of a tile; scales and minima of a group; a whole tile
};

enum class PanelKind : uint16_t {
  kQ8_0,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP4,
  kInt4,
  kInt8
};

consteval PanelLayout panel_layout(int32_t groups, int32_t spans, int32_t bits, int32_t zero, bool has_minima) {
  int32_t head = 32 * (has_minima ? 2 : 1);
  int32_t scales = groups < 8 ? 0 : 16 * spans * (has_minima ? 2 : 1);
  int32_t tile = head + groups * (scales + 64 * bits);
  return {groups, spans, bits, zero, has_minima, CodeTable::kNone, false, head, scales, tile};
}

// Codes of 4 bits that are indices.
consteval PanelLayout table_layout(int32_t groups, CodeTable table, int32_t zero) {
  PanelLayout layout = panel_layout(groups, 1, 4, zero, false);
  layout.table = table;
  return layout;
}

consteval PanelLayout mxfp4_layout() {
  PanelLayout layout = table_layout(1, CodeTable::kE2M1, 12);
  layout.has_exponents = true;
  layout.head_bytes -= 16, layout.tile_bytes -= 16;
  return layout;
}

// By PanelKind.
inline constexpr PanelLayout kPanelLayouts[] = {
    panel_layout(1, 1, 8, 128, false),         // q8_0
    panel_layout(1, 1, 4, 8, false),           // q4_0
    panel_layout(1, 1, 4, 0, true),            // q4_1
    panel_layout(1, 1, 5, 16, false),          // q5_0
    panel_layout(1, 1, 5, 0, true),            // q5_1
    panel_layout(8, 2, 2, 0, true),            // q2_k
    panel_layout(8, 2, 3, 4, false),           // q3_k
    panel_layout(8, 1, 4, 0, true),            // q4_k
    panel_layout(8, 1, 5, 0, true),            // q5_k
    panel_layout(8, 2, 6, 32, false),          // q6_k
    table_layout(1, CodeTable::kUneven, 128),  // iq4_nl
    table_layout(8, CodeTable::kUneven, 128),  // iq4_xs
    mxfp4_layout(),
    panel_layout(4, 1, 4, 8, false),    // int4
    panel_layout(4, 1, 8, 128, false),  // int8
};

}  // namespace tenon
