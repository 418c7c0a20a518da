// Qwen3-Next as a directory in the Hugging Face layout, some of its matrices quantised.
#pragma once
#include <exporters/conversion.hpp>
#include <exporters/matrix_types.hpp>
#include <importers/qwen3_next.hpp>

namespace tenon {

// What to write, out of tensors in the same layout. Matrices are as `types` says; all else stays as it is:
// norms, the router, the expert gate, the convolution, A_log and dt_bias. Fails, naming the tensor, if the
// source lacks one.
Result<std::vector<OutputTensor>> qwen3_next_hub_outputs(const Qwen3NextFacts& facts,
                                                         const TensorSource& source, const MatrixTypes& types);

}  // namespace tenon
