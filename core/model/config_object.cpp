#include <tenon/model/config_object.hpp>

namespace tenon {
namespace {

ConfigObject& self_of(const tenon_config* config) { return *static_cast<ConfigObject*>(config->ctx); }

}  // namespace

ConfigObject::ConfigObject(const ConfigTable& checked) : raw_{}, table_(checked) {
  raw_.size = sizeof(raw_);
  raw_.ctx = this;
  raw_.get_int = [](const tenon_config* config, const char* key) noexcept -> int64_t {
    auto* value = self_of(config).find<int64_t>(key, "an int");
    return value ? *value : 0;
  };
  raw_.get_float = [](const tenon_config* config, const char* key) noexcept -> double {
    auto* value = self_of(config).find<double>(key, "a float");
    return value ? *value : 0.0;
  };
  raw_.get_bool = [](const tenon_config* config, const char* key) noexcept -> uint32_t {
    auto* value = self_of(config).find<bool>(key, "a bool");
    return value && *value ? 1 : 0;
  };
  raw_.get_string = [](const tenon_config* config, const char* key) noexcept -> const char* {
    auto* value = self_of(config).find<std::string>(key, "a string or choice");
    return value ? value->c_str() : "";
  };
  raw_.is_given = [](const tenon_config* config, const char* key) noexcept -> uint32_t {
    auto entry = self_of(config).table_.entries.find(key);
    return entry != self_of(config).table_.entries.end() && !entry->second.place.file.empty();
  };
  raw_.refuse = [](const tenon_config* config, const char* key, const char* expectation) noexcept {
    return self_of(config).refuse(key, expectation);
  };
}

template <class T>
const T* ConfigObject::find(const char* key, const char* type) {
  auto entry = table_.entries.find(key);
  const T* value = entry == table_.entries.end() ? nullptr : std::get_if<T>(&entry->second.value);
  if (!value) complaint_ = std::string("asked for ") + key + ", which its schema does not have as " + type;
  return value;
}

tenon_status ConfigObject::refuse(const char* key, const char* expectation) {
  auto entry = table_.entries.find(key);
  bool is_known = entry != table_.entries.end();
  const Place& place = is_known && !entry->second.place.file.empty() ? entry->second.place : table_.place;
  complaint_ = std::string(key) + " is " + (is_known ? text_of(entry->second.value) : "not given") +
               ", must be " + expectation + " (" + place.text() + ")";
  return TENON_INVALID;
}

}  // namespace tenon
