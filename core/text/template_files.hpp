// Where a model keeps its chat template.
#pragma once
#include <tenon/base/json.hpp>

#include <filesystem>
#include <string>

namespace tenon {

constexpr uint64_t kTemplateBytesMax = uint64_t{4} << 20;

struct TemplateFiles {
  std::string who;                       // the file that holds the template
  std::string source;                    // the template
  Json special_tokens = Json::object();  // "eos_token": "<|im_end|>", ...
};

// path: a template, a GGUF file, or a model's directory with chat_template.jinja or a chat_template in
// tokenizer_config.json.
Result<TemplateFiles> read_template_files(const std::filesystem::path& path);

}  // namespace tenon
