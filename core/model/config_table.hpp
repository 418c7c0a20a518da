// A plugin's part of a description: plain values with the places they were read from. Independent of TOML, so
// that tests and programs can make one by hand.
#pragma once
#include <tenon/model/place.hpp>

#include <map>
#include <string>
#include <variant>

namespace tenon {

using ConfigValue = std::variant<int64_t, double, bool, std::string>;

struct ConfigEntry {
  ConfigValue value;
  Place place;
};

struct ConfigTable {
  std::map<std::string, ConfigEntry> entries;
  Place place;  // of the table itself
};

// As a description would spell it: 96, 1e-06, true, "yes".
std::string text_of(const ConfigValue& value);

}  // namespace tenon
