// One prompt through a model, with everything on the way kept under the names of a reference's golden tensors.
#pragma once
#include <tenon/engine/executor.hpp>
#include <tenon/weights/dtype.hpp>

#include <map>

namespace tenon::cli {

// A dense tensor, outermost dimension first.
struct KeptTensor {
  DType dtype;  // kF32 or kI32
  std::vector<int64_t> shape;
  std::vector<float> floats;
  std::vector<int32_t> ints;
};

using KeptTensors = std::map<std::string, KeptTensor>;

struct ParityRequest {
  std::vector<int32_t> prompt;
  uint32_t greedy_tokens = 0;  // to generate after the prompt
  uint32_t greedy_logits = 0;  // of how many decode steps to keep the logits
  uint32_t draft_tokens = 0;   // to guess, where there is a speculator
};

// Makes room in a description for such a run: the prompt in one step, and a context for all that follows it.
void fit_description(ModelDescription& description, const ParityRequest& request);

// Prefills the prompt in one step, decodes greedily, lets the speculator guess.
Result<KeptTensors> run_parity(Assembly& assembly, const ParityRequest& request);

}  // namespace tenon::cli
