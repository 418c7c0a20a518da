// A model on its way from a description to something that runs, the same for every command.
#pragma once
#include <apps/common/options.hpp>

namespace tenon {

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
