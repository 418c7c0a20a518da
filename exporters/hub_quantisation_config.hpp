// "quantization_config" of a config.json, as other programs read it: quant_method "fp8" or
// "compressed-tensors".
#pragma once
#include <exporters/conversion.hpp>

#include <tenon/base/json.hpp>

namespace tenon {

// What tells readers which of the outputs are quantised, and how; null where none is. Fails if some are f8_e4m3
// and others integers, which one configuration cannot say.
Result<Json> hub_quantisation_config(const std::vector<OutputTensor>& outputs);

}  // namespace tenon
