// What config.json says of quantised matrices ("quantization_config"): FP8 in tiles, compressed-tensors
// ("pack-quantized"), GPTQ and AutoRound in GPTQ's packing. The files themselves tell how each tensor is
// stored; this is for what they do not tell, and for reports without them.
#pragma once
#include <importers/hub_config.hpp>

namespace tenon {

struct HubQuantisation {
  std::string matrices;             // what most of them are, as a description says it; empty: not quantised
  std::vector<std::string> except;  // patterns of matrices that are not
  int64_t gptq_version = 1;
};

// Fails, naming the key, for methods, formats and widths that no reader knows.
Result<HubQuantisation> read_quantisation(const HubConfig& hub);

}  // namespace tenon
