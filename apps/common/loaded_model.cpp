#include <apps/common/loaded_model.hpp>

#include <apps/common/progress.hpp>

namespace tenon {

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(ModelDescription description,
                                                       const PluginOptions& plugins, WeightSource weights) {
  TENON_TRY(RegistryOptions options, plugins.registry_options());
  std::unique_ptr<LoadedModel> model(new LoadedModel(std::move(options)));
  Progress opening("loading weights");
  std::optional<Progress> packing;
  AssembleOptions assemble;
  assemble.weights = weights;
  assemble.progress = [&](uint64_t done, uint64_t total) { opening.update(done, total); };
  assemble.packing = [&](uint64_t done, uint64_t total) {
    if (!packing) packing.emplace("preparing weights");
    packing->update_bytes(done, total);
  };
  TENON_TRY(model->assembly_, Assembly::make(std::move(description), model->registry_, assemble));
  return model;
}

}  // namespace tenon
