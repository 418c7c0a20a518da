// JSON from outside: strict, bounded, with duplicate keys refused.
#pragma once
#include <tenon/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string_view>

namespace tenon {

// Keeps the order of keys, for which each key costs a comparison with every earlier one.
using Json = nlohmann::ordered_json;
// Sorts keys: for objects that may have very many, such as the tensors of a model.
using SortedJson = nlohmann::json;

// `who` names the source in errors. depth_max counts nested arrays and objects. An object may have 10,000 keys.
Result<Json> parse_json(std::string_view text, const std::string& who, int depth_max = 64);
// The same, with any number of keys.
Result<SortedJson> parse_sorted_json(std::string_view text, const std::string& who, int depth_max = 64);

// Reads a JSON file of at most bytes_max.
Result<Json> read_json(const std::filesystem::path& path, uint64_t bytes_max);
Result<SortedJson> read_sorted_json(const std::filesystem::path& path, uint64_t bytes_max);

}  // namespace tenon
