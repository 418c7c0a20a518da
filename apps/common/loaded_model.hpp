// A model on its way from a description to something that runs, the same for every command.
#pragma once
#include <apps/common/options.hpp>

#include <tenon/text/tokenizer.hpp>

namespace tenon {

// The tokenizer of a model that needs one, as `need` says: "a server needs one". Fails if the description names
// none, or one with more tokens than the model has.
Result<Tokenizer> load_tokenizer(const ModelDescription& description, const char* need);

class LoadedModel {
 public:
  // Finds plugins as `plugins` says, assembles the model and binds its weights, or only plans it if weights is
  // kNone. A progress bar is shown if that takes long.
  static Result<std::unique_ptr<LoadedModel>> load(ModelDescription description, const PluginOptions& plugins,
                                                   WeightSource weights = WeightSource::kCheckpoint);

  Assembly& assembly() { return *assembly_; }
  const Assembly& assembly() const { return *assembly_; }

 private:
  explicit LoadedModel(RegistryOptions options) : registry_(std::move(options)) {}

  PluginRegistry registry_;
  std::unique_ptr<Assembly> assembly_;
};

}  // namespace tenon
