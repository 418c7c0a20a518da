// A checked configuration behind the ABI's tenon_config.
#pragma once
#include <tenon/abi/tenon_config.h>
#include <tenon/model/schema.hpp>

namespace tenon {

// Lives during `create` of one plugin object.
class ConfigObject {
 public:
  explicit ConfigObject(const ConfigTable& checked);
  ConfigObject(const ConfigObject&) = delete;

  const tenon_config* raw() const { return &raw_; }
  // What the plugin complained of with refuse(), or asked for that its schema does not have; empty if nothing.
  const std::string& complaint() const { return complaint_; }

 private:
  template <class T>
  const T* find(const char* key, const char* type);
  tenon_status refuse(const char* key, const char* expectation);

  tenon_config raw_;
  const ConfigTable& table_;
  std::string complaint_;
};

}  // namespace tenon
