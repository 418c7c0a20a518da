#include <apps/common/speculative_option.hpp>

#include <tenon/base/json.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>
#include <cctype>

namespace tenon {
namespace {

constexpr const char* kOption = "--speculative";

// Names under which vLLM and SGLang know the head that a checkpoint brings along.
bool means_own_head(std::string method) {
  std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
  return method == "mtp" || method == "nextn" || method.ends_with("_mtp");
}

// Without its speculator a model does not use these tensors.
void drop_speculator(ModelDescription& description) {
  if (!description.speculative) return;
  std::vector<std::string>& ignored = description.weights.storage.ignore;
  for (const auto& [name, tensor] : description.speculative->weights.names) ignored.push_back(tensor);
  std::string prefix = description.speculative->layer_prefix;
  if (size_t at = prefix.find("{layer}"); at != prefix.npos) prefix.replace(at, 7, "*");
  if (!prefix.empty()) ignored.push_back(prefix + "*");
  description.speculative.reset();
}

Result<ConfigValue> value_of(const std::string& key, const Json& value) {
  if (value.is_boolean()) return ConfigValue(value.get<bool>());
  if (value.is_number_integer()) return ConfigValue(value.get<int64_t>());
  if (value.is_number_float()) return ConfigValue(value.get<double>());
  if (value.is_string()) return ConfigValue(value.get<std::string>());
  return invalid(std::string(kOption) + ": " + printable(key) + " must be a number, true, false or a string");
}

// Another speculator in place of the description's; the rest of the object is its configuration.
Status replace_speculator(const std::string& method, const Json& object, ModelDescription& description) {
  drop_speculator(description);
  SpeculativeSection section;
  section.use.plugin = method;
  section.use.place = section.use.config.place = Place{kOption};
  section.weights.title = "speculative.weights";
  for (const auto& [key, value] : object.items()) {
    if (key == "method" || key == "num_speculative_tokens") continue;
    TENON_TRY(ConfigValue converted, value_of(key, value));
    section.use.config.entries[key] = {converted, Place{kOption}};
  }
  description.speculative = std::move(section);
  return ok();
}

}  // namespace

Status apply_speculative(const std::string& text, ModelDescription& description) {
  if (text == "off") return drop_speculator(description), ok();
  TENON_TRY(Json object, parse_json(text, kOption));
  bool has_method = object.is_object() && object.contains("method") && object["method"].is_string();
  if (!has_method) return invalid(std::string(kOption) + ": expected off, or an object with a method");
  std::string method = object["method"].get<std::string>();
  Json count = object.value("num_speculative_tokens", Json(1));
  if (!count.is_number_integer() || count < 1 || count > 16)
    return invalid(std::string(kOption) + ": num_speculative_tokens is " + printable(count.dump()) +
                   ", must be a whole number from 1 to 16");
  bool is_own =
      description.speculative && (description.speculative->use.plugin == method || means_own_head(method));
  if (!is_own && means_own_head(method))
    return invalid(std::string(kOption) + ": " + printable(method) +
                   " is asked for, but the model brings no such head");
  if (!is_own) TENON_TRY(replace_speculator(method, object, description));
  description.speculative->draft_tokens = count.get<uint32_t>();
  return ok();
}

}  // namespace tenon
