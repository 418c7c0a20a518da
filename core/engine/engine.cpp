#include <tenon/engine/engine.hpp>

#include <algorithm>

namespace tenon {

const char* name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEos: return "eos";
    case FinishReason::kLength: return "length";
    case FinishReason::kCancelled: return "cancelled";
    case FinishReason::kError: return "error";
  }
  return "unknown";
}

Result<std::unique_ptr<Engine>> Engine::make(const Assembly& assembly) {
  TENON_TRY(auto executor, Executor::make(assembly));
  return std::unique_ptr<Engine>(new Engine(assembly, std::move(executor)));
}

Engine::Engine(const Assembly& assembly, std::unique_ptr<Executor> executor)
    : assembly_(assembly),
      executor_(std::move(executor)),
      scheduler_(assembly.limits(), assembly.chunk_tokens(), executor_->cache()),
      batch_(assembly),
      sampler_(assembly.model().shape().vocabulary) {}

Result<uint64_t> Engine::submit(Request request, EventHandler on_event) {
  uint32_t context = assembly_.limits().context_max, vocabulary = assembly_.model().shape().vocabulary;
  if (request.prompt.empty()) return invalid("request: prompt is empty, must have at least one token");
  if (request.prompt.size() >= context)
    return invalid("request: prompt is " + std::to_string(request.prompt.size()) +
                   " tokens long, must leave room for an answer in a context of " + std::to_string(context));
  for (int32_t token : request.prompt)
    if (token < 0 || static_cast<uint32_t>(token) >= vocabulary)
      return invalid("request: prompt has token id " + std::to_string(token) + ", must be below " +
                     std::to_string(vocabulary));
  auto sequence = std::make_unique<Sequence>();
  sequence->id = ++last_id_;
  sequence->tokens = request.prompt;
  uint32_t room = context - static_cast<uint32_t>(request.prompt.size());
  sequence->max_tokens = request.max_tokens ? std::min(request.max_tokens, room) : room;
  sequence->request = std::move(request);
  sequence->on_event = std::move(on_event);
  scheduler_.add(std::move(sequence));
  return last_id_;
}

void Engine::cancel(uint64_t request) { cancelled_.push_back(request); }

void Engine::run() {
  while (step()) {
  }
}

// One step: choose work, run the model once, turn logits into tokens.
bool Engine::step() {
  end_cancelled();
  std::span<const Work> work = scheduler_.choose(failed_);
  for (Scheduler::Failure& failure : failed_)
    end(std::move(failure.sequence), -1, FinishReason::kError, failure.reason);
  failed_.clear();
  if (work.empty()) return scheduler_.has_work();
  Status status = compute(work);
  if (status.ok()) status = sample();
  if (!status.ok())
    for (const Work& part : work)
      if (auto sequence = scheduler_.remove(part.sequence))
        end(std::move(sequence), -1, FinishReason::kError, status.error().text);
  end_cancelled();
  return true;
}

Status Engine::compute(std::span<const Work> work) {
  batch_.fill(work);
  TENON_TRY(executor_->run(batch_));
  rows_.clear(), row_owners_.clear();
  for (size_t s = 0; s < work.size(); ++s) {
    Sequence& sequence = *scheduler_.find(work[s].sequence);
    TENON_TRY(executor_->cache().commit(work[s].sequence, work[s].count));
    sequence.computed += work[s].count;
    if (sequence.computed < sequence.tokens.size()) continue;  // more of the prompt to come
    rows_.push_back(batch_.step().token_start[s + 1] - 1);
    row_owners_.push_back(work[s].sequence);
  }
  return ok();
}

Status Engine::sample() {
  if (rows_.empty()) return ok();
  TENON_TRY(Matrix logits, executor_->logits(rows_));
  for (size_t i = 0; i < row_owners_.size(); ++i) {
    Sequence& sequence = *scheduler_.find(row_owners_[i]);
    std::span<float> row(logits.row(static_cast<int64_t>(i)), static_cast<size_t>(logits.columns));
    accept(sequence, sampler_.draw(row, sequence));
  }
  return ok();
}

void Engine::accept(Sequence& sequence, int32_t token) {
  sequence.tokens.push_back(token);
  ++sequence.output_counts[token];
  const std::vector<int32_t>& eos = sequence.request.eos;
  bool is_eos = std::find(eos.begin(), eos.end(), token) != eos.end();
  if (is_eos || sequence.output_tokens() >= sequence.max_tokens)
    return end(scheduler_.remove(sequence.id), token, is_eos ? FinishReason::kEos : FinishReason::kLength, "");
  sequence.on_event({sequence.id, token, false, {}, ""});
}

void Engine::end(std::unique_ptr<Sequence> sequence, int32_t token, FinishReason reason,
                 const std::string& error) {
  sequence->on_event({sequence->id, token, true, reason, error});
}

void Engine::end_cancelled() {
  for (uint64_t id : cancelled_)
    if (auto sequence = scheduler_.remove(id)) end(std::move(sequence), -1, FinishReason::kCancelled, "");
  cancelled_.clear();
}

}  // namespace tenon
