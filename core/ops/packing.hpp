// Rearranging weights for the kernels of quantised products, once, after they are bound. See panel_layout.hpp.
#pragma once
#include <tenon/base/thread_pool.hpp>
#include <tenon/ops/panel_layout.hpp>
#include <tenon/weights/weight.hpp>

#include <optional>

namespace tenon {

// Nothing for types that have no such kernel.
std::optional<PanelKind> find_panel_kind(DType type);

// What a weight is when it is packed.
struct PackedShape {
  PanelKind kind;
  int64_t panels;        // of one member
  uint64_t panel_bytes;  // of one panel
  int64_t members;

  uint64_t member_bytes() const { return static_cast<uint64_t>(panels) * panel_bytes; }
  uint64_t bytes() const { return member_bytes() * static_cast<uint64_t>(members); }
};

// Nothing for types that have no such kernel, and weights without members. REQUIRES: the result fits
std::optional<PackedShape> find_packed_shape(const tenon_weight& weight);

// Packs panels [begin, end) of a member, to `to`. False if some factor is beyond half precision, which does not
// come out right. Any thread.
bool pack_panels(const tenon_weight& weight, size_t member, int64_t begin, int64_t end, std::byte* to);

// Fills weight.panels from all members, after which linear and grouped_linear compute on them with activations
// of 8 bits; embed goes on reading the members. Does nothing to types that have no such kernel and weights
// without members. Takes as many bytes as the file does (19 % more for q2_k, 2 to 4 % for the other types of
// 256 elements but q6_k). pack_stream.hpp does it for whole models. [control]
//
// Scales become half precision, which those of GGUF files are and others round to: to 11 bits, or 2^-25 where
// that is more. A weight with one beyond half precision stays as it was.
// Fails if there is no memory for it, in which case the weight stays as it was.
Status pack(tenon_weight& weight, ThreadPool& threads);

}  // namespace tenon
