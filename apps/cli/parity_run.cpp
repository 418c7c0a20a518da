#include "parity_run.hpp"

#include <tenon/engine/sampler.hpp>

#include <algorithm>
#include <cstring>

namespace tenon::cli {
namespace {

constexpr uint64_t kSequence = 1;

KeptTensor copy_of(const tenon_tensor& value) {
  KeptTensor kept;
  kept.dtype = static_cast<DType>(value.dtype);
  int64_t elements = 1;
  for (int32_t i = 0; i < value.rank; ++i) kept.shape.push_back(value.shape[i]), elements *= value.shape[i];
  if (kept.dtype == DType::kI32) {
    auto* data = static_cast<const int32_t*>(value.data);
    kept.ints.assign(data, data + elements);
  } else {
    auto* data = static_cast<const float*>(value.data);
    kept.floats.assign(data, data + elements);
  }
  return kept;
}

KeptTensor ints_of(const std::vector<int32_t>& values) {
  return {DType::kI32, {static_cast<int64_t>(values.size())}, {}, values};
}

int32_t most_probable(const Matrix& logits) {
  return static_cast<int32_t>(std::max_element(logits.data, logits.data + logits.columns) - logits.data);
}

class ParityRun {
 public:
  ParityRun(Assembly& assembly, Executor& executor, const ParityRequest& request)
      : assembly_(assembly), executor_(executor), request_(request), batch_(assembly) {
    assembly_.trace().receive = [this](const std::string& name, const tenon_tensor& value) {
      kept_.try_emplace(name,
                        copy_of(value));  // the first of a name: a chained guess repeats a speculator's own
    };
  }
  ~ParityRun() { assembly_.trace() = {}; }

  Result<KeptTensors> run() {
    TENON_TRY(
        executor_.cache().admit(kSequence, request_.prompt, 0, request_.prompt.size(),
                                request_.prompt.size() + request_.greedy_tokens + request_.draft_tokens + 1));
    TENON_TRY(prefill());
    if (assembly_.speculator() && request_.draft_tokens > 0) TENON_TRY(speculate());
    TENON_TRY(decode());
    kept_["prompt_ids"] = ints_of(request_.prompt);
    executor_.cache().release(kSequence);
    return std::move(kept_);
  }

 private:
  Status step(const int32_t* tokens, uint32_t count, uint32_t first, int32_t phase) {
    Work work{kSequence, tokens, count, first, phase};
    TENON_TRY(executor_.cache().reserve(work, first + count + request_.draft_tokens + 1));
    batch_.fill({&work, 1});
    TENON_TRY(executor_.run(batch_));
    return executor_.cache().commit(kSequence, count);
  }

  Status prefill() {
    uint32_t count = static_cast<uint32_t>(request_.prompt.size());
    assembly_.trace().is_on = true;
    TENON_TRY(step(request_.prompt.data(), count, 0, TENON_PREFILL));
    assembly_.trace().is_on = false;
    Matrix hidden = executor_.hidden();
    hidden_.assign(hidden.data, hidden.data + hidden.rows * hidden.columns);
    KeptTensor all{DType::kF32, {count, assembly_.model().shape().vocabulary}, {}, {}};
    for (int32_t row = 0; row < static_cast<int32_t>(count); ++row) {
      TENON_TRY(Matrix logits, executor_.logits({&row, 1}));
      all.floats.insert(all.floats.end(), logits.data, logits.data + logits.columns);
      next_ = most_probable(logits);
    }
    kept_["logits"] = std::move(all);
    return ok();
  }

  // Pairs (hidden[t], token[t + 1]), the last with the token that greedy decoding chose.
  Status speculate() {
    std::vector<int32_t> later(request_.prompt.begin() + 1, request_.prompt.end());
    later.push_back(next_);
    uint32_t count = static_cast<uint32_t>(later.size());
    Work work{kSequence, later.data(), count, 1, TENON_PREFILL};
    Batch pairs(assembly_);
    pairs.fill({&work, 1}, 1);
    std::vector<int32_t> history = request_.prompt;
    history.push_back(next_);
    const std::span<const int32_t> histories[] = {history};
    std::vector<int32_t> proposed(request_.draft_tokens);
    // The pages of the prompt reach far enough: they were reserved for the guesses too.
    Work extra{kSequence, later.data(), 1, count, TENON_DECODE};
    TENON_TRY(executor_.cache().reserve(extra, count + request_.draft_tokens + 1));
    assembly_.trace().is_on = true;
    Matrix hidden(hidden_.data(), count, assembly_.model().shape().model_dim);
    TENON_TRY(executor_.propose(pairs, hidden, histories, request_.draft_tokens, proposed.data()));
    assembly_.trace().is_on = false;
    // One sequence: the reference keeps its guesses without a dimension for sequences.
    std::string name = assembly_.description().speculative->use.plugin + ".draft_ids";
    kept_[name] = ints_of(proposed);
    return ok();
  }

  Status decode() {
    std::vector<int32_t> greedy;
    KeptTensor logits_kept{DType::kF32, {request_.greedy_logits, assembly_.model().shape().vocabulary}, {}, {}};
    for (uint32_t i = 0; i < request_.greedy_tokens; ++i) {
      greedy.push_back(next_);
      TENON_TRY(step(&next_, 1, static_cast<uint32_t>(request_.prompt.size()) + i, TENON_DECODE));
      int32_t row = 0;
      TENON_TRY(Matrix logits, executor_.logits({&row, 1}));
      if (i < request_.greedy_logits)
        logits_kept.floats.insert(logits_kept.floats.end(), logits.data, logits.data + logits.columns);
      next_ = most_probable(logits);
    }
    kept_["greedy_ids"] = ints_of(greedy);
    kept_["greedy_logits"] = std::move(logits_kept);
    return ok();
  }

  Assembly& assembly_;
  Executor& executor_;
  const ParityRequest& request_;
  Batch batch_;
  KeptTensors kept_;
  std::vector<float> hidden_;  // [T, D] of the prompt
  int32_t next_ = 0;           // the most probable token after what has been computed
};

}  // namespace

void fit_description(ModelDescription& description, const ParityRequest& request) {
  uint32_t tokens = static_cast<uint32_t>(request.prompt.size());
  EngineSection& engine = description.engine;
  engine.sequences_max = 1;
  engine.tokens_per_step = std::max(tokens + 1 + request.draft_tokens, engine.tokens_per_step);
  engine.context = 0;
  description.context_max =
      std::max(description.context_max, tokens + request.greedy_tokens + request.draft_tokens + 1);
  if (description.speculative) description.speculative->draft_tokens = std::max(1u, request.draft_tokens);
}

Result<KeptTensors> run_parity(Assembly& assembly, const ParityRequest& request) {
  TENON_TRY(auto executor, Executor::make(assembly));
  return ParityRun(assembly, *executor, request).run();
}

}  // namespace tenon::cli
