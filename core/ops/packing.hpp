// Rearranging weights for the kernels of quantised products, once, after they are bound. See panel_layout.hpp.
#pragma once
#include <tenon/base/thread_pool.hpp>
#include <tenon/ops/panel_layout.hpp>
#include <tenon/weights/weight.hpp>

#include <optional>

namespace tenon {

// Nothing for types that have no such kernel.
std::optional<PanelKind> find_panel_kind(DType type);

// Of one member: [rows, columns]. REQUIRES: columns are whole blocks of the type, the result fits
uint64_t panel_bytes_of(PanelKind kind, int64_t rows, int64_t columns);

// Fills weight.panels from all members, after which linear and grouped_linear compute on them with activations
// of 8 bits; embed goes on reading the members. Does nothing to types that have no such kernel and weights
// without members. Takes as many bytes as the file does (19 % more for q2_k, 2 to 4 % for the other types of
// 256 elements but q6_k) and reads each byte of the file once, whose pages may be dropped afterwards. [control]
//
// Scales become half precision, which those of GGUF files are and others round to: to 11 bits, or 2^-25 where
// that is more. A weight with one beyond half precision stays as it was.
// Fails if there is no memory for it, in which case the weight stays as it was.
Status pack(tenon_weight& weight, ThreadPool& threads);

}  // namespace tenon
