#include <tenon/engine/executor.hpp>

#include <tenon/base/check.hpp>

#include <chrono>
#include <cstring>

namespace tenon {
namespace {

uint64_t matrix_bytes(uint64_t rows, uint64_t columns) { return rows * columns * sizeof(float); }

}  // namespace

Result<std::unique_ptr<Executor>> Executor::make(const Assembly& assembly) {
  TENON_TRY(Cache cache, Cache::make(assembly));
  std::unique_ptr<Executor> executor(new Executor(assembly, std::move(cache)));
  TENON_TRY(executor->allocate());
  return executor;
}

Status Executor::allocate() {
  const tenon_limits& limits = assembly_.limits();
  const tenon_model_shape& shape = assembly_.model().shape();
  histories_.reserve(limits.sequences_max), history_lengths_.reserve(limits.sequences_max);
  TENON_TRY(workspace_, AlignedBuffer::allocate(assembly_.workspace_bytes(), "workspace"));
  TENON_TRY(hidden_memory_, AlignedBuffer::allocate(matrix_bytes(limits.tokens_per_step_max, shape.model_dim),
                                                    "hidden states"));
  // Rows gathered for the head, then their logits.
  TENON_TRY(logits_memory_, AlignedBuffer::allocate(
                                matrix_bytes(logit_rows_max(), shape.model_dim + shape.vocabulary), "logits"));
  return ok();
}

uint32_t Executor::logit_rows_max() const {
  return assembly_.limits().sequences_max * (1 + assembly_.limits().draft_tokens_max);
}

tenon_step Executor::with_workspace(const Batch& batch) const {
  tenon_step step = batch.step();
  step.workspace = workspace_.data();
  return step;
}

template <class Body>
Status Executor::timed(Body&& body) {
  auto start = std::chrono::steady_clock::now();
  Status status = body();
  model_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return status;
}

Status Executor::run(const Batch& batch) {
  const Model& model = assembly_.model();
  hidden_ =
      Matrix(reinterpret_cast<float*>(hidden_memory_.data()), batch.step().tokens, model.shape().model_dim);
  TENON_TRY(auto states, cache_.fill(batch, 0, model.shape().layers));
  return timed([&] { return model.forward(with_workspace(batch), batch.tokens(), states, hidden_); });
}

Result<Matrix> Executor::logits(std::span<const int32_t> rows) {
  const tenon_model_shape& shape = assembly_.model().shape();
  TENON_CHECK(rows.size() <= logit_rows_max(), "{} rows", rows.size());
  int64_t count = static_cast<int64_t>(rows.size()), dim = shape.model_dim;
  auto* memory = reinterpret_cast<float*>(logits_memory_.data());
  Matrix gathered(memory, count, dim),
      logits(memory + int64_t{logit_rows_max()} * dim, count, shape.vocabulary);
  TENON_TRY(timed([&] {
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(gathered.row(i), hidden_.row(rows[static_cast<size_t>(i)]),
                  static_cast<size_t>(dim) * sizeof(float));
    return assembly_.model().head(gathered, logits);
  }));
  return logits;
}

Status Executor::propose(const Batch& pairs, Matrix hidden, std::span<const std::span<const int32_t>> histories,
                         uint32_t count, int32_t* proposed) {
  TENON_CHECK(assembly_.speculator(), "the assembly has no speculator");
  uint32_t begin = assembly_.model().shape().layers, end = static_cast<uint32_t>(assembly_.needs().size());
  TENON_TRY(auto states, cache_.fill(pairs, begin, end));
  histories_.clear(), history_lengths_.clear();
  for (std::span<const int32_t> tokens : histories)
    histories_.push_back(tokens.data()), history_lengths_.push_back(static_cast<uint32_t>(tokens.size()));
  tenon_tensor hidden_view = tensor_of(hidden);
  tenon_draft draft{};
  draft.size = sizeof(draft);
  draft.draft_tokens = count;
  draft.tokens = pairs.tokens(), draft.hidden = &hidden_view;
  draft.history = histories_.data(), draft.history_length = history_lengths_.data();
  draft.proposed = proposed;
  tenon_step step = with_workspace(pairs);
  return timed(
      [&] { return assembly_.speculator()->call(&tenon_speculator::propose, &step, states.data(), &draft); });
}

}  // namespace tenon
