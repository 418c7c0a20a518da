#include <apps/common/loaded_model.hpp>

#include <apps/common/progress.hpp>

namespace tenon {

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(ModelDescription description,
                                                       const PluginOptions& plugins, WeightSource weights) {
  TENON_TRY(RegistryOptions options, plugins.registry_options());
  std::unique_ptr<LoadedModel> model(new LoadedModel(std::move(options)));
  Progress progress("loading weights");
  AssembleOptions assemble;
  assemble.weights = weights;
  assemble.progress = [&](uint64_t done, uint64_t total) { progress.update(done, total); };
  TENON_TRY(model->assembly_, Assembly::make(std::move(description), model->registry_, assemble));
  return model;
}

}  // namespace tenon
