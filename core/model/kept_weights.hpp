// How a model's weights are kept once they are bound: as they stand in the mapped files, packed in memory,
// packed in a mapped file beside the checkpoint, or, experts, read when they are needed.
//
// What is not packed and not read stays mapped: processes that load the same files share it, and so they do
// what is in a file of packed weights.
//
// Thread: [control].
#pragma once
#include <tenon/model/description.hpp>
#include <tenon/ops/expert_cache.hpp>
#include <tenon/weights/weight_store.hpp>

namespace tenon {

struct KeepOptions {
  const tenon_weight* embedding;  // is left as it stands: its rows are only read
  uint64_t memory_free;           // bytes that may be taken for packed weights, and a quarter more
  PackProgress progress;
};

class KeptWeights {
 public:
  // Arranges what `section` says for everything that the store has handed out, which must outlive the result.
  // Where something cannot be had that only costs speed, a warning says so and why.
  static Result<KeptWeights> make(WeightStore& store, const WeightsSection& section, const KeepOptions& options,
                                  ThreadPool& threads);

  // NULL if no experts are read.
  const ExpertCache* experts() const { return experts_.get(); }

 private:
  // What is to be in a file of packed weights, and which of that is to be mapped.
  struct PackedContent {
    std::vector<tenon_weight*> all, fixed;
    std::vector<SourceIdentity> sources;
  };

  Status keep(WeightStore& store, const WeightsSection& section, const KeepOptions& options,
              ThreadPool& threads);
  Result<bool> pack(std::vector<tenon_weight*> weights, const WeightsSection& section,
                    const KeepOptions& options, ThreadPool& threads);
  void use_packed_file(const PackedContent& content, const WeightsSection& section, const KeepOptions& options,
                       ThreadPool& threads);
  Status make_expert_cache(const WeightStore& store, const std::vector<tenon_weight*>& weights,
                           const ExpertCache::Options& options);

  std::unique_ptr<PackedFile> packed_file_;
  std::unique_ptr<ExpertCache> experts_;
};

}  // namespace tenon
