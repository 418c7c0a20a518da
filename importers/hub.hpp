// Checkpoints in the Hugging Face layout: a directory with config.json, safetensors, and usually
// tokenizer.json, chat_template.jinja (or tokenizer_config.json) and generation_config.json.
#pragma once
#include <tenon/sdk/result.hpp>

#include <filesystem>

namespace tenon {

// The description of the checkpoint in `directory`, as TOML with comments, ready to be edited. Its paths are
// absolute. Fails, naming file and key, if config.json is of an architecture that no importer knows, or has a
// value that makes no sense.
Result<std::string> describe_checkpoint(const std::filesystem::path& directory);

}  // namespace tenon
