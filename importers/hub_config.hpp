// Reading config.json and its neighbours: typed and bounded, with errors that name file and key.
#pragma once
#include <tenon/base/json.hpp>

#include <optional>
#include <set>
#include <vector>

namespace tenon {

// The parts of a checkpoint directory that an importer looks at.
class HubConfig {
 public:
  static Result<HubConfig> open(const std::filesystem::path& directory);

  const std::filesystem::path& directory() const { return directory_; }
  std::string file() const { return (directory_ / "config.json").string(); }
  const Json& config() const { return config_; }
  // {} where there is no such file.
  const Json& generation() const { return generation_; }
  const Json& tokenizer() const { return tokenizer_; }
  bool has_file(const char* name) const;
  bool has_weights() const { return has_weights_; }
  // Names of all tensors; empty without weights.
  const std::set<std::string>& tensors() const { return tensors_; }

  // Each reads a key of `object`: one of the three above, or an object directly inside. A key that is null
  // counts as absent. Without a fallback it must be there.
  Result<int64_t> get_int(const Json& object, const char* key, int64_t least, int64_t most,
                          std::optional<int64_t> fallback = {}) const;
  Result<double> get_number(const Json& object, const char* key, double least, double most,
                            std::optional<double> fallback = {}) const;
  Result<bool> get_bool(const Json& object, const char* key, bool fallback) const;
  Result<std::string> get_text(const Json& object, const char* key,
                               std::optional<std::string> fallback = {}) const;
  Result<std::vector<int64_t>> get_ints(const Json& object, const char* key, int64_t least, int64_t most) const;
  Result<std::vector<std::string>> get_texts(const Json& object, const char* key) const;
  // NULL if absent.
  Result<const Json*> find_object(const Json& object, const char* key) const;
  // The error for a value that has the right type.
  Error refuse(const Json& object, const std::string& key, const Json& value,
               const std::string& expectation) const;

 private:
  std::string place_of(const Json& object, const std::string& key) const;
  Status read_tensors();

  std::filesystem::path directory_;
  Json config_, generation_, tokenizer_;
  bool has_weights_ = false;
  std::set<std::string> tensors_;
};

}  // namespace tenon
