// A directory in the Hugging Face layout in the making: under a temporary name beside its own, ".NAME.part",
// until commit(), and gone if that is never called. One that a killed process has left is gone on with.
// [control]
#pragma once
#include <tenon/base/json.hpp>

#include <filesystem>

namespace tenon {

class HubDirectory {
 public:
  // Fails unless `path` is a name that nothing has, or that of an empty directory.
  static Result<HubDirectory> create(const std::filesystem::path& path);
  HubDirectory(HubDirectory&& other) noexcept;
  HubDirectory& operator=(HubDirectory&&) = delete;
  ~HubDirectory();

  // Where tensors go: model.safetensors in it.
  std::filesystem::path weights() const { return temporary_ / "model.safetensors"; }
  // Writes config.json.
  Status write_config(const Json& config);
  // Copies what belongs to tokenizer, chat template and generation.
  Status copy_text_files(const std::filesystem::path& from);
  // Leaves it as it is, for another process to go on with.
  void leave() { temporary_.clear(); }
  // Gives it its name.
  Status commit();

 private:
  HubDirectory(std::filesystem::path path, std::filesystem::path temporary, bool is_own);

  std::filesystem::path path_, temporary_;  // the latter empty once it is committed
  bool is_own_;                             // not found, which may mean that another process writes it
};

}  // namespace tenon
