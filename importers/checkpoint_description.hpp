// From a checkpoint to its description. Two layouts are known: a directory as on the Hugging Face hub, with
// config.json, safetensors, and usually tokenizer.json, chat_template.jinja (or tokenizer_config.json) and
// generation_config.json; and a GGUF file, which has all of it inside.
#pragma once
#include <tenon/sdk/result.hpp>

#include <filesystem>

namespace tenon {

// The description of the checkpoint at `path`, a directory or a file *.gguf, as TOML with comments, ready to be
// edited. Its paths are absolute. Fails, naming file and key, if the checkpoint is of an architecture that no
// importer knows, or has a value that makes no sense.
Result<std::string> describe_checkpoint(const std::filesystem::path& path);

}  // namespace tenon
