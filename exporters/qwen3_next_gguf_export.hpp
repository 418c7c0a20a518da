// Qwen3-Next as a GGUF file: the same names, metadata and changes of values as other converters make, so that
// programs that read such files read these.
#pragma once
#include <exporters/conversion.hpp>
#include <exporters/matrix_types.hpp>
#include <importers/qwen3_next.hpp>

namespace tenon {

// What to write, out of tensors in the Hugging Face layout. Norms, the router, the convolution, A and dt_bias
// are f32; 1 is added to norms that are stored as their distance from it; A_log becomes A; q, k, v and z are
// taken apart; experts are stacked. Fails, naming the tensor, if the source lacks one.
Result<std::vector<OutputTensor>> qwen3_next_gguf_outputs(const Qwen3NextFacts& facts,
                                                          const TensorSource& source, const MatrixTypes& types);

// The metadata but for tokenizer.*.
GgufPairs qwen3_next_gguf_pairs(const Qwen3NextFacts& facts, const MatrixTypes& types);

}  // namespace tenon
