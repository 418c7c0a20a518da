#include <tenon/model/assembly.hpp>

#include <tenon/abi/tenon_position_encoding.h>
#include <tenon/base/memory.hpp>
#include <tenon/base/text.hpp>
#include <tenon/device/device.hpp>
#include <tenon/model/contract.hpp>
#include <tenon/ops/narrowing.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <thread>

namespace tenon {
namespace {

constexpr uint32_t kSpeculatorLayersMax = 64;

struct Rotation {
  std::vector<float> frequencies;
  float scale = 1;
};

Result<Rotation> make_rotation(PluginRegistry& registry, const PositionSection& position,
                               const Services& services) {
  auto host = std::make_unique<PluginHost>("position: " + position.use.plugin, "", services);
  TENON_TRY(auto encoding, make_object<tenon_position_encoding>(registry, TENON_POSITION_ENCODING, position.use,
                                                                std::move(host)));
  Rotation rotation;
  rotation.frequencies.resize(position.rotary_dim / 2);
  TENON_TRY(encoding.call(&tenon_position_encoding::fill, static_cast<uint32_t>(rotation.frequencies.size()),
                          rotation.frequencies.data(), &rotation.scale));
  bool is_finite = std::all_of(rotation.frequencies.begin(), rotation.frequencies.end(),
                               [](float frequency) { return std::isfinite(frequency); });
  if (!is_finite || !std::isfinite(rotation.scale))
    return invalid(encoding.place() + ": gave a value that is not finite");
  return rotation;
}

}  // namespace

Result<std::unique_ptr<Assembly>> Assembly::make(ModelDescription description, PluginRegistry& registry,
                                                 const AssembleOptions& options) {
  std::unique_ptr<Assembly> assembly(new Assembly(std::move(description), registry));
  TENON_TRY(assembly->check_device());
  TENON_TRY(assembly->start_threads());
  TENON_TRY(assembly->make_model());
  TENON_TRY(assembly->make_speculator());
  assembly->set_limits();
  TENON_TRY(assembly->plan_layers());
  TENON_TRY(assembly->check_combination());
  TENON_TRY(assembly->plan_cache());
  TENON_TRY(assembly->bind_weights(options));
  return assembly;
}

Status Assembly::check_device() const {
  auto device = get_device(description_.device);
  if (!device.ok()) return Error{device.error().code, device.error().text + " (" + description_.file + ")"};
  if (description_.device == "cpu") return ok();
  return Error{TENON_UNSUPPORTED, "model.device: is \"" + description_.device +
                                      "\", but no plugin of this version computes there; expected \"cpu\" (" +
                                      description_.file + ")"};
}

Status Assembly::start_threads() {
  TENON_TRY(Isa isa, chosen_isa());
  uint32_t processors = std::max(1u, std::thread::hardware_concurrency());
  uint32_t count = description_.engine.threads ? description_.engine.threads : processors;
  threads_ = std::make_unique<ThreadPool>(count);
  ops_ = std::make_unique<DenseOps>(isa, *threads_);
  services_ = {ops_.get(), &trace_};
  return ok();
}

Status Assembly::make_model() {
  Rotation rotation;
  if (description_.position) {
    TENON_TRY(rotation, make_rotation(registry_, *description_.position, services_));
  }
  tenon_model_shape shape{};
  shape.size = sizeof(shape);
  shape.model_dim = description_.model_dim, shape.vocabulary = description_.vocabulary;
  shape.layers = static_cast<uint32_t>(description_.layers.size());
  shape.rotary_pairs = static_cast<uint32_t>(rotation.frequencies.size());
  shape.norm_eps = static_cast<float>(description_.norm_eps);
  shape.norm_offset = static_cast<float>(description_.norm_offset);
  std::vector<std::unique_ptr<Layer>> layers;
  for (uint32_t i = 0; i < shape.layers; ++i) {
    std::string number = std::to_string(i);
    TENON_TRY(auto layer, Layer::create(layer_context(), description_.layers[i], "layer " + number,
                                        "layer." + number + "."));
    layers.push_back(std::move(layer));
  }
  model_ = std::make_unique<Model>(shape, services_, std::move(layers), std::move(rotation.frequencies),
                                   rotation.scale);
  return ok();
}

Status Assembly::make_speculator() {
  if (!description_.speculative) return ok();
  const PluginUse& use = description_.speculative->use;
  std::string title = "speculative: " + use.plugin, prefix = use.plugin + ".";
  speculator_layers_ = std::make_unique<SpeculatorLayers>(layer_context(), *model_, title, prefix);
  auto host = std::make_unique<PluginHost>(title, prefix, services_, speculator_layers_.get());
  TENON_TRY(speculator_, make_object<tenon_speculator>(registry_, TENON_SPECULATOR, use, std::move(host)));
  return ok();
}

void Assembly::set_limits() {
  const EngineSection& engine = description_.engine;
  limits_.size = sizeof(limits_);
  limits_.sequences_max = engine.sequences_max;
  limits_.tokens_per_step_max = engine.tokens_per_step;
  limits_.context_max = engine.context ? engine.context : description_.context_max;
  limits_.draft_tokens_max = description_.speculative ? description_.speculative->draft_tokens : 0;
  limits_.threads = threads_->threads();
}

Status Assembly::plan_layers() {
  TENON_TRY(needs_, model_->plan(limits_));
  workspace_bytes_ = model_->workspace_bytes();
  for (const tenon_needs& needs : needs_) chunk_tokens_ = std::lcm(chunk_tokens_, needs.chunk_tokens);
  if (!speculator_) return ok();
  speculator_layers_->set_limits(limits_);
  std::vector<tenon_needs> own(kSpeculatorLayersMax, tenon_needs{sizeof(tenon_needs)});
  uint32_t count = 0;
  TENON_TRY(speculator_->call(&tenon_speculator::plan, &model_->shape(), &limits_, own.data(),
                              kSpeculatorLayersMax, &count));
  if (count > kSpeculatorLayersMax)
    return invalid(speculator_->place() + ": has " + std::to_string(count) + " layers, expected at most 64");
  for (uint32_t i = 0; i < count; ++i) {
    workspace_bytes_ = std::max(workspace_bytes_, own[i].workspace_bytes);
    needs_.push_back(own[i]);
  }
  return ok();
}

Status Assembly::check_combination() const {
  const EngineSection& engine = description_.engine;
  if (limits_.context_max > description_.context_max)
    return invalid("engine.context: is " + std::to_string(engine.context) + ", the model goes up to " +
                   std::to_string(description_.context_max) + " (" + description_.file + ")");
  uint32_t least = chunk_tokens_ + engine.sequences_max * (1 + limits_.draft_tokens_max);
  if (engine.tokens_per_step < least)
    return invalid("engine.tokens_per_step: is " + std::to_string(engine.tokens_per_step) +
                   ", must be at least " + std::to_string(least) +
                   ": one chunk of a prefill beside every sequence with its drafts (" + description_.file +
                   ")");
  for (size_t i = 0; speculator_ && i < model_->layers().size(); ++i)
    if (needs_[i].bytes_per_sequence > 0 && !needs_[i].saves_every_token)
      return Error{TENON_UNSUPPORTED, speculator_->place() + ": cannot work with layer " + std::to_string(i) +
                                          ", whose mixer does not save its state after every token (" +
                                          description_.speculative->use.place.text() + ")"};
  return ok();
}

Result<PluginObject<tenon_cache_manager>> Assembly::make_cache() const {
  auto host = std::make_unique<PluginHost>("cache: " + description_.cache.plugin, "", services_);
  return make_object<tenon_cache_manager>(registry_, TENON_CACHE_MANAGER, description_.cache, std::move(host));
}

Result<CacheLayout> Assembly::lay_out(const PluginObject<tenon_cache_manager>& cache,
                                      const tenon_limits& limits, uint64_t memory) const {
  CacheLayout layout{{sizeof(tenon_cache_plan)}, std::vector<tenon_placement>(needs_.size())};
  TENON_TRY(cache.call(&tenon_cache_manager::plan, &limits, needs_.data(), static_cast<uint32_t>(needs_.size()),
                       memory, &layout.plan, layout.placements.data()));
  return layout;
}

Status Assembly::plan_cache() {
  TENON_TRY(cache_, make_cache());
  // By default half of what is free: weights are mapped, and compete for the rest.
  uint64_t memory = description_.engine.memory ? description_.engine.memory : available_memory() / 2;
  TENON_TRY(cache_layout_, lay_out(*cache_, limits_, memory));
  return find_tokens_max();
}

// By bisection: what sequences take grows with their length.
Status Assembly::find_tokens_max() {
  auto fits = [&](uint32_t tokens) -> Result<bool> {
    TENON_TRY(uint64_t bytes, sequence_bytes(tokens + limits_.draft_tokens_max - 1));
    return bytes <= cache_layout_.plan.pool_bytes;
  };
  TENON_TRY(bool is_whole, fits(limits_.context_max));
  uint32_t most = is_whole ? limits_.context_max : 0, least_that_does_not = limits_.context_max;
  while (least_that_does_not - most > 1 && !is_whole) {
    uint32_t middle = most + (least_that_does_not - most) / 2;
    TENON_TRY(bool is_fitting, fits(middle));
    (is_fitting ? most : least_that_does_not) = middle;
  }
  tokens_max_ = most;
  return ok();
}

Result<uint64_t> Assembly::sequence_bytes(uint32_t tokens) const {
  tenon_limits limits = limits_;
  limits.context_max = tokens, limits.draft_tokens_max = 0;
  // What a second one adds: the manager may want some memory that belongs to none.
  uint64_t pool_bytes[2] = {};
  for (limits.sequences_max = 1; limits.sequences_max <= 2; ++limits.sequences_max) {
    TENON_TRY(auto cache, make_cache());
    TENON_TRY(CacheLayout layout, lay_out(cache, limits, UINT64_MAX));
    pool_bytes[limits.sequences_max - 1] = layout.plan.pool_bytes;
  }
  return pool_bytes[1] - pool_bytes[0];
}

Status Assembly::bind_weights(const AssembleOptions& options) {
  const WeightsSection& weights = description_.weights;
  std::optional<Checkpoint> checkpoint;
  if (options.weights == WeightSource::kCheckpoint) {
    if (!weights.path)
      return invalid("weights.path: is not given, a model can be run only with weights (" + description_.file +
                     ")");
    TENON_TRY(checkpoint, Checkpoint::open(*weights.path, options.progress));
  }
  store_ = std::make_unique<WeightStore>(std::move(checkpoint), weights.storage);
  TENON_TRY(model_->bind(*store_, description_));
  if (speculator_) {
    speculator_layers_->set_store(*store_);
    WeightScope scope(*store_, description_.speculative->weights, "", 0, speculator_->place());
    Status bound = speculator_->call(&tenon_speculator::bind, scope.raw());
    if (!bound.ok()) return scope.explained(bound.error());
  }
  TENON_TRY(store_->finish());
  TENON_TRY(keep_weights(options));
  return weights.pack ? narrow_weights() : ok();
}

Status Assembly::keep_weights(const AssembleOptions& options) {
  // The cache is planned already, and will be taken later.
  uint64_t free = available_memory(), pool = cache_layout_.plan.pool_bytes;
  KeepOptions keep{&model_->embedding(), free - std::min(free, pool), options.packing};
  TENON_TRY(kept_, KeptWeights::make(*store_, description_.weights, keep, *threads_));
  return ok();
}

// A router or two: never so much that a model kept in float32 would be held twice.
Status Assembly::narrow_weights() {
  uint64_t free = available_memory(), pool = cache_layout_.plan.pool_bytes;
  uint64_t left = (free - std::min(free, pool)) / 4;
  for (tenon_weight& weight : store_->matrices()) {
    bool is_left_alone = &weight == &model_->embedding() || weight.cached;
    if (is_left_alone || narrow_bytes_of(weight) > left) continue;
    TENON_TRY(narrow(weight, *threads_));
    left -= weight.narrowed.bytes();
  }
  return ok();
}

}  // namespace tenon
