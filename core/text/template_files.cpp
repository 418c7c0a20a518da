#include <tenon/base/file.hpp>
#include <tenon/text/gguf_text.hpp>
#include <tenon/text/template_files.hpp>

namespace tenon {
namespace {

constexpr uint64_t kConfigBytesMax = uint64_t{64} << 20;
constexpr const char* kSpecialTokens[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                          "pad_token", "cls_token", "mask_token"};

// A token is written as its text, or as an object with the text in it.
Json special_tokens_of(const Json& config) {
  Json tokens = Json::object();
  for (const char* name : kSpecialTokens) {
    Json token = config.value(name, Json());
    if (token.is_object()) token = token.value("content", Json());
    if (token.is_string()) tokens[name] = token;
  }
  return tokens;
}

// The text, or of several named templates the one called default.
Json template_of(const Json& config) {
  Json held = config.value("chat_template", Json());
  if (!held.is_array()) return held;
  for (const Json& entry : held)
    if (entry.is_object() && entry.value("name", Json()) == "default") return entry.value("template", Json());
  return nullptr;
}

Result<Json> read_config(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return Json::object();
  TENON_TRY(Json config, read_json(path, kConfigBytesMax));
  if (config.is_object()) return config;
  return invalid(path.string() + ": is not an object, expected one");
}

}  // namespace

Result<TemplateFiles> read_template_files(const std::filesystem::path& path) {
  if (is_gguf(path)) {
    TENON_TRY(auto file, Gguf::open(path));
    return read_gguf_template(*file);
  }
  TemplateFiles files;
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    files.who = path.string();
    TENON_TRY(files.source, read_file(path, kTemplateBytesMax));
    return files;
  }
  auto config_path = path / "tokenizer_config.json";
  TENON_TRY(Json config, read_config(config_path));
  files.special_tokens = special_tokens_of(config);
  auto template_path = path / "chat_template.jinja";
  if (std::filesystem::exists(template_path, ignored)) {
    files.who = template_path.string();
    TENON_TRY(files.source, read_file(template_path, kTemplateBytesMax));
    return files;
  }
  Json held = template_of(config);
  if (!held.is_string())
    return invalid(path.string() +
                   ": has neither chat_template.jinja nor a chat_template in tokenizer_config.json, "
                   "expected one");
  files.who = config_path.string() + ": chat_template";
  files.source = held.get<std::string>();
  return files;
}

}  // namespace tenon
