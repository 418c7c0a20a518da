// Typed reads from a plugin's configuration. The core has checked it against the schema before `create`.
#pragma once
#include <tenon/abi/tenon_config.h>
#include <tenon/sdk/result.hpp>

namespace tenon {

class Config {
 public:
  explicit Config(const tenon_config* raw) : raw_(raw) {}

  int64_t get_int(const char* key) const { return raw_->get_int(raw_, key); }
  int32_t get_int32(const char* key) const { return static_cast<int32_t>(raw_->get_int(raw_, key)); }
  double get_float(const char* key) const { return raw_->get_float(raw_, key); }
  bool get_bool(const char* key) const { return raw_->get_bool(raw_, key) != 0; }
  std::string get_string(const char* key) const { return raw_->get_string(raw_, key); }
  bool is_given(const char* key) const { return raw_->is_given(raw_, key) != 0; }

  // The error for a value that the schema allows and the plugin does not; `expectation` as in "a multiple of
  // 4". The core supplies key, value and place, so the error carries no text of its own.
  Error refuse(const char* key, const std::string& expectation) const {
    return {raw_->refuse(raw_, key, expectation.c_str()), ""};
  }

 private:
  const tenon_config* raw_;
};

}  // namespace tenon
