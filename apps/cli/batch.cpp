#include "batch.hpp"

#include <apps/common/exit_code.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>
#include <cstdio>

namespace tenon::cli {
namespace {

constexpr uint64_t kBatchBytesMax = 256 << 20;
const std::vector<std::string> kKeys = {"choice", "json_schema", "max_tokens", "prompt",
                                        "regex",  "seed",        "temperature"};

// A number of a request, if it is given; `least` and `most` inclusive.
template <class Number>
Status read_number(const Json& object, const char* key, double least, double most, const std::string& who,
                   Number& target) {
  if (!object.contains(key)) return ok();
  const Json& value = object[key];
  bool is_kind =
      std::is_floating_point_v<typename Number::value_type> ? value.is_number() : value.is_number_integer();
  if (!is_kind || value.get<double>() < least || value.get<double>() > most)
    return invalid(who + ": " + key + " is " + printable(value.dump(), 60) + ", must be a number from " +
                   format_number(least) + " to " + format_number(most));
  target = value.get<typename Number::value_type>();
  return ok();
}

Result<Conversation::Prompt> read_request(const std::string& line, const std::string& who,
                                          const GenerationOptions& defaults) {
  TENON_TRY(Json object, parse_json(line, who));
  if (!object.is_object() || !object.contains("prompt") || !object["prompt"].is_string())
    return invalid(who + ": expected an object with a prompt");
  for (const auto& [key, value] : object.items())
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      return invalid(who + ": " + printable(key) + " is not a known key, expected " + join_words(kKeys));
  Conversation::Prompt prompt{object["prompt"].get<std::string>(), defaults};
  std::optional<uint32_t> max_tokens;
  TENON_TRY(read_number(object, "max_tokens", 1, 1 << 24, who, max_tokens));
  TENON_TRY(read_number(object, "temperature", 0, 100, who, prompt.options.temperature));
  TENON_TRY(read_number(object, "seed", 0, 0x1p53, who, prompt.options.seed));
  TENON_TRY(auto form, read_specification(object, who));
  if (form) prompt.options.form = std::move(form);
  if (max_tokens) prompt.options.max_tokens = *max_tokens;
  return prompt;
}

}  // namespace

Result<int> run_batch(Conversation& conversation, const std::filesystem::path& file, const std::string& system,
                      bool is_raw, const GenerationOptions& options) {
  TENON_TRY(std::string content, read_file(file, kBatchBytesMax));
  std::vector<Conversation::Prompt> prompts;
  size_t number = 0;
  for (size_t at = 0; at < content.size();) {
    size_t end = std::min(content.find('\n', at), content.size());
    std::string line = content.substr(at, end - at);
    at = end + 1, ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    TENON_TRY(auto prompt, read_request(line, file.string() + ":" + std::to_string(number), options));
    if (!is_raw) {
      TENON_TRY(prompt.text, conversation.render_question(system, prompt.text, prompt.options));
    }
    prompts.push_back(std::move(prompt));
  }
  bool has_failed = false;
  for (const Result<Answer>& answer : conversation.answer_all(prompts)) {
    Json line = Json::object();
    if (answer.ok()) {
      line["text"] = answer.value().text;
      line["ids"] = answer.value().ids;
      line["finish_reason"] = answer.value().ending == Ending::kLength ? "length" : "stop";
    } else {
      line["error"] = answer.error().text;
      has_failed = true;
    }
    std::printf("%s\n", line.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  }
  return has_failed ? kExitBadData : kExitOk;
}

}  // namespace tenon::cli
