#include <importers/hub_config.hpp>

#include <tenon/base/text.hpp>
#include <tenon/weights/checkpoint.hpp>

#include <cmath>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFileBytesMax = 64 << 20;

// The value of a key, or NULL where it is absent or null, which published files use alike.
const Json* find_value(const Json& object, const char* key) {
  auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<Json> read_if_there(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return Json::object();
  TENON_TRY(Json json, read_json(path, kFileBytesMax));
  if (!json.is_object()) return invalid(path.string() + ": is not an object");
  return json;
}

}  // namespace

Result<HubConfig> HubConfig::open(const fs::path& directory) {
  HubConfig hub;
  std::error_code error;
  hub.directory_ = fs::canonical(directory, error);
  if (error) return Error{TENON_IO, directory.string() + ": " + error.message()};
  TENON_TRY(hub.config_, read_json(hub.directory_ / "config.json", kFileBytesMax));
  if (!hub.config_.is_object()) return invalid(hub.file() + ": is not an object");
  TENON_TRY(hub.generation_, read_if_there(hub.directory_ / "generation_config.json"));
  TENON_TRY(hub.tokenizer_, read_if_there(hub.directory_ / "tokenizer_config.json"));
  TENON_TRY(hub.read_tensors());
  return hub;
}

bool HubConfig::has_file(const char* name) const {
  std::error_code ignored;
  return fs::exists(directory_ / name, ignored);
}

Status HubConfig::read_tensors() {
  has_weights_ = has_file("model.safetensors.index.json") || has_file("model.safetensors");
  if (!has_weights_) return ok();
  TENON_TRY(Checkpoint checkpoint, Checkpoint::open(directory_));
  for (std::string& name : checkpoint.names()) tensors_.insert(std::move(name));
  return ok();
}

// "/models/x/config.json: rope_scaling.factor"
std::string HubConfig::place_of(const Json& object, const std::string& key) const {
  for (const auto& [file_name, root] : {std::pair("config.json", &config_),
                                        {"generation_config.json", &generation_},
                                        {"tokenizer_config.json", &tokenizer_}}) {
    std::string file = (directory_ / file_name).string() + ": ";
    if (&object == root) return file + key;
    for (const auto& [name, value] : root->items())
      if (&object == &value) return file + printable(name) + "." + key;
  }
  return key;
}

Error HubConfig::refuse(const Json& object, const std::string& key, const Json& value,
                        const std::string& expectation) const {
  std::string fact = value.is_null() ? " is not given" : " is " + printable(value.dump(), 80);
  return invalid(place_of(object, key) + fact + ", must be " + expectation);
}

Result<const Json*> HubConfig::find_object(const Json& object, const char* key) const {
  const Json* value = find_value(object, key);
  if (value && !value->is_object()) return refuse(object, key, *value, "an object");
  return value;
}

Result<int64_t> HubConfig::get_int(const Json& object, const char* key, int64_t least, int64_t most,
                                   std::optional<int64_t> fallback) const {
  std::string expectation = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const Json* value = find_value(object, key);
  if (!value && fallback) return *fallback;
  if (!value) return refuse(object, key, Json(), expectation);
  // Some published files write 262144.0.
  bool is_whole = value->is_number_integer() ||
                  (value->is_number_float() && std::floor(value->get<double>()) == value->get<double>());
  double number = value->is_number() ? value->get<double>() : 0;
  if (!is_whole || number < static_cast<double>(least) || number > static_cast<double>(most))
    return refuse(object, key, *value, expectation);
  return static_cast<int64_t>(number);
}

Result<double> HubConfig::get_number(const Json& object, const char* key, double least, double most,
                                     std::optional<double> fallback) const {
  std::string expectation = "a number from " + Json(least).dump() + " to " + Json(most).dump();
  const Json* value = find_value(object, key);
  if (!value && fallback) return *fallback;
  if (!value) return refuse(object, key, Json(), expectation);
  if (!value->is_number() || !(value->get<double>() >= least && value->get<double>() <= most))
    return refuse(object, key, *value, expectation);
  return value->get<double>();
}

Result<bool> HubConfig::get_bool(const Json& object, const char* key, bool fallback) const {
  const Json* value = find_value(object, key);
  if (!value) return fallback;
  if (!value->is_boolean()) return refuse(object, key, *value, "true or false");
  return value->get<bool>();
}

Result<std::string> HubConfig::get_text(const Json& object, const char* key,
                                        std::optional<std::string> fallback) const {
  const Json* value = find_value(object, key);
  if (!value && fallback) return *fallback;
  if (!value || !value->is_string()) return refuse(object, key, value ? *value : Json(), "a string");
  return value->get<std::string>();
}

Result<std::vector<int64_t>> HubConfig::get_ints(const Json& object, const char* key, int64_t least,
                                                 int64_t most) const {
  std::vector<int64_t> numbers;
  const Json* value = find_value(object, key);
  if (!value) return numbers;
  Json list = value->is_array() ? *value : Json::array({*value});  // one number may stand for a list of one
  for (const Json& item : list) {
    // Compared as a double, since an unsigned number may be beyond int64_t.
    double number = item.is_number() ? item.get<double>() : 0;
    if (!item.is_number_integer() || number < static_cast<double>(least) || number > static_cast<double>(most))
      return refuse(object, key, item,
                    "whole numbers from " + std::to_string(least) + " to " + std::to_string(most));
    numbers.push_back(item.get<int64_t>());
  }
  return numbers;
}

Result<std::vector<std::string>> HubConfig::get_texts(const Json& object, const char* key) const {
  std::vector<std::string> texts;
  const Json* value = find_value(object, key);
  if (!value) return texts;
  if (!value->is_array()) return refuse(object, key, *value, "a list of strings");
  for (const Json& item : *value) {
    if (!item.is_string()) return refuse(object, key, item, "strings");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace tenon
