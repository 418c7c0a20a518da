// Everything a description stands for, put together: plugins loaded and configured, memory planned, weights
// bound. This is the only place that sees description, registry and weights at once.
#pragma once
#include <tenon/abi/tenon_cache_manager.h>
#include <tenon/abi/tenon_speculator.h>
#include <tenon/model/kept_weights.hpp>
#include <tenon/model/model.hpp>
#include <tenon/model/plugin_registry.hpp>
#include <tenon/model/speculator_layers.hpp>

namespace tenon {

enum class WeightSource {
  kCheckpoint,  // open it, bind every weight
  kNone,        // plan and count only: nothing is opened
};

struct AssembleOptions {
  WeightSource weights = WeightSource::kCheckpoint;
  OpenProgress progress;  // while files are opened
  PackProgress packing;   // then, while weights are packed, or what was packed is checked
};

// How the pool is divided; see tenon_cache_manager.h.
struct CacheLayout {
  tenon_cache_plan plan;
  std::vector<tenon_placement> placements;  // the model's layers, then the speculator's
};

class Assembly {
 public:
  // `registry` must outlive the assembly. Fails with one line for whatever is wrong: an unknown plugin, a value
  // its schema refuses, a combination that cannot work, tensors that are missing.
  static Result<std::unique_ptr<Assembly>> make(ModelDescription description, PluginRegistry& registry,
                                                const AssembleOptions& options);

  const ModelDescription& description() const { return description_; }
  const Model& model() const { return *model_; }
  const DenseOps& ops() const { return *ops_; }
  const tenon_limits& limits() const { return limits_; }
  TraceSink& trace() { return trace_; }

  // Of the model's layers, then the speculator's.
  std::span<const tenon_needs> needs() const { return needs_; }
  uint32_t chunk_tokens() const { return chunk_tokens_; }        // a prefill is cut at multiples of this
  uint64_t workspace_bytes() const { return workspace_bytes_; }  // of a step, or of a call to the speculator
  const WeightTotals& totals() const { return store_->totals(); }
  // Of experts that are read when they are needed; zeros if none are.
  ExpertCacheStats expert_cache() const {
    return kept_.experts() ? kept_.experts()->stats() : ExpertCacheStats{};
  }

  // The cache manager, its layout made for the engine's memory.
  const PluginObject<tenon_cache_manager>& cache() const { return *cache_; }
  const CacheLayout& cache_layout() const { return cache_layout_; }
  // Prompt and answer of the longest request there is room for, in the context and in the whole cache.
  uint32_t tokens_max() const { return tokens_max_; }
  // Bytes that one sequence of `tokens` takes from the pool, as the cache manager plans it.
  Result<uint64_t> sequence_bytes(uint32_t tokens) const;

  // NULL without [speculative].
  const PluginObject<tenon_speculator>* speculator() const { return speculator_ ? &*speculator_ : nullptr; }

 private:
  Assembly(ModelDescription description, PluginRegistry& registry)
      : description_(std::move(description)), registry_(registry) {}

  Status start_threads();
  Status make_model();
  Status make_speculator();
  Status check_device() const;
  void set_limits();
  Status plan_layers();
  Status check_combination() const;
  Status plan_cache();
  Status find_tokens_max();
  Status bind_weights(const AssembleOptions& options);
  Status keep_weights(const AssembleOptions& options);
  Status narrow_weights();
  Result<PluginObject<tenon_cache_manager>> make_cache() const;
  Result<CacheLayout> lay_out(const PluginObject<tenon_cache_manager>& cache, const tenon_limits& limits,
                              uint64_t memory) const;
  LayerContext layer_context() { return {registry_, description_, services_}; }

  // In the order of their making; each may refer to those above it.
  ModelDescription description_;
  PluginRegistry& registry_;
  std::unique_ptr<ThreadPool> threads_;
  std::unique_ptr<DenseOps> ops_;
  TraceSink trace_;
  Services services_;
  std::unique_ptr<WeightStore> store_;
  KeptWeights kept_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<SpeculatorLayers> speculator_layers_;
  std::optional<PluginObject<tenon_speculator>> speculator_;
  tenon_limits limits_{};
  std::vector<tenon_needs> needs_;
  uint32_t chunk_tokens_ = 1;
  uint64_t workspace_bytes_ = 0;
  std::optional<PluginObject<tenon_cache_manager>> cache_;
  CacheLayout cache_layout_;
  uint32_t tokens_max_ = 0;
};

}  // namespace tenon
