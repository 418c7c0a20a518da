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

Result<Tokenizer> load_tokenizer(const ModelDescription& description, const char* need) {
  const TextSection& text = description.text;
  if (text.tokenizer.empty()) return invalid(description.file + ": text.tokenizer is not given, " + need);
  TENON_TRY(Tokenizer tokenizer, Tokenizer::load(text.tokenizer));
  if (tokenizer.vocabulary_size() > description.vocabulary)
    return invalid(text.tokenizer.string() + ": has token ids up to " +
                   std::to_string(tokenizer.vocabulary_size() - 1) + ", the model only " +
                   std::to_string(description.vocabulary) + " tokens");
  return tokenizer;
}

}  // namespace tenon
