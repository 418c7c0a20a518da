// Qwen3-Next ("model_type": "qwen3_next") as a model description.
#pragma once
#include <importers/hub_config.hpp>

namespace tenon {

// The description as TOML.
Result<std::string> describe_qwen3_next(const HubConfig& hub);

}  // namespace tenon
