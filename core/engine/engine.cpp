#include <tenon/engine/engine.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace tenon {

namespace {

// As many as can wait for those that run, in queues of usual length.
constexpr uint32_t kWaitingByDefault = 256;

uint64_t requests_max(const EngineSection& engine) {
  return engine.requests_max ? engine.requests_max : engine.sequences_max + kWaitingByDefault;
}

bool ends_answer(const Request& request, int32_t token) {
  return std::find(request.eos.begin(), request.eos.end(), token) != request.eos.end();
}

// The logarithm of what the probabilities of a row of logits are divided by.
double log_sum_exp(std::span<const float> row) {
  double greatest = *std::max_element(row.begin(), row.end()), sum = 0;
  for (float logit : row) sum += std::exp(logit - greatest);
  return greatest + std::log(sum);
}

}  // namespace

const char* name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEos: return "eos";
    case FinishReason::kLength: return "length";
    case FinishReason::kCancelled: return "cancelled";
    case FinishReason::kError: return "error";
    case FinishReason::kNumericalError: return "numerical_error";
  }
  return "unknown";
}

Result<std::unique_ptr<Engine>> Engine::make(const Assembly& assembly) {
  TENON_TRY(auto executor, Executor::make(assembly));
  return std::unique_ptr<Engine>(new Engine(assembly, std::move(executor)));
}

Engine::Engine(const Assembly& assembly, std::unique_ptr<Executor> executor)
    : assembly_(assembly),
      admission_(requests_max(assembly.description().engine), assembly.description().engine.prompt_tokens_max),
      executor_(std::move(executor)),
      scheduler_(assembly.limits(), assembly.chunk_tokens(), executor_->cache()),
      batch_(assembly),
      sampler_(assembly.model().shape().vocabulary),
      drafting_(assembly.limits().draft_tokens_max > 0 ? std::make_unique<Drafting>(assembly, *executor_)
                                                       : nullptr),
      draft_length_(assembly.limits().draft_tokens_max,
                    assembly.description().speculative && assembly.description().speculative->adaptive) {}

// Tokens of the answer at most.
uint32_t Engine::answer_room(const Request& request) const {
  uint32_t prompt = static_cast<uint32_t>(request.prompt.size()), most = assembly_.tokens_max();
  uint32_t room = assembly_.limits().context_max - prompt;
  if (request.max_tokens) return std::min(request.max_tokens, room);
  return prompt < most ? most - prompt : 1;
}

Status Engine::check(const Request& request) const {
  uint32_t context = assembly_.limits().context_max, vocabulary = assembly_.model().shape().vocabulary;
  size_t prompt = request.prompt.size();
  if (prompt == 0) return invalid("request: prompt is empty, must have at least one token");
  if (prompt >= context)
    return invalid("request: prompt is " + std::to_string(prompt) +
                   " tokens long, must leave room for an answer in a context of " + std::to_string(context));
  if (prompt + answer_room(request) > assembly_.tokens_max())
    return invalid("request: prompt is " + std::to_string(prompt) + " tokens long and its answer up to " +
                   std::to_string(answer_room(request)) + ", the cache has room for " +
                   std::to_string(assembly_.tokens_max()) + " tokens of one request");
  for (int32_t token : request.prompt)
    if (token < 0 || static_cast<uint32_t>(token) >= vocabulary)
      return invalid("request: prompt has token id " + std::to_string(token) + ", must be below " +
                     std::to_string(vocabulary));
  return ok();
}

Result<Engine::Prepared> Engine::prepare(std::vector<Request> requests, const EventHandler& on_event) {
  uint64_t prompt_tokens = 0;
  for (const Request& request : requests) {
    TENON_TRY(check(request));
    prompt_tokens += request.prompt.size();
  }
  TENON_TRY(admission_.take(requests.size(), prompt_tokens));
  Prepared prepared;
  for (Request& request : requests) {
    uint32_t max_tokens = answer_room(request);
    prepared.push_back(std::make_unique<Sequence>(++last_id_, std::move(request), on_event, admission_));
    prepared.back()->max_tokens = max_tokens;
  }
  return prepared;
}

void Engine::start(Prepared prepared) {
  for (auto& sequence : prepared) scheduler_.add(std::move(sequence));
}

Result<uint64_t> Engine::submit(Request request, EventHandler on_event) {
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  TENON_TRY(Prepared prepared, prepare(std::move(requests), on_event));
  uint64_t id = prepared.front()->id;
  start(std::move(prepared));
  return id;
}

void Engine::cancel(uint64_t request) { cancelled_.push_back(request); }

void Engine::cancel_all() {
  for (uint64_t id : scheduler_.ids()) cancel(id);
}

void Engine::run() {
  while (step()) {
  }
}

EngineStats Engine::stats() const {
  EngineStats stats = stats_;
  stats.preemptions = scheduler_.preemptions();
  stats.model_seconds = executor_->model_seconds();
  stats.waiting = scheduler_.waiting(), stats.running = scheduler_.running();
  stats.cache = executor_->cache().stats();
  return stats;
}

// One step: choose work, run the model once, turn logits into tokens, guess ahead.
bool Engine::step() {
  auto start = std::chrono::steady_clock::now();
  end_cancelled();
  std::span<const Work> work = scheduler_.choose(failed_);
  for (Scheduler::Failure& failure : failed_)
    end(std::move(failure.sequence), FinishReason::kError, failure.reason);
  failed_.clear();
  if (work.empty()) return scheduler_.has_work();
  uint64_t outputs = stats_.output_tokens;
  Status status = compute(work);
  if (status.ok()) status = verify();
  if (status.ok() && drafting_) status = speculate();
  if (status.ok()) report();
  if (!status.ok()) fail_step(work, status.error().text);
  ++stats_.steps;
  bool is_decode =
      std::all_of(work.begin(), work.end(), [](const Work& part) { return part.phase == TENON_DECODE; });
  end_cancelled();
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  stats_.seconds += seconds.count();
  if (is_decode) draft_length_.record(static_cast<uint32_t>(stats_.output_tokens - outputs), seconds.count());
  return true;
}

// Runs the model. Logits are wanted after a sequence's last token and after each of its drafts.
Status Engine::compute(std::span<const Work> work) {
  batch_.fill(work);
  parts_.clear(), rows_.clear();
  for (size_t s = 0; s < work.size(); ++s) {
    const Sequence& sequence = *scheduler_.find(work[s].sequence);
    Part part{work[s].sequence,
              work[s].first,
              work[s].count,
              static_cast<uint32_t>(batch_.step().token_start[s]),
              static_cast<uint32_t>(rows_.size()),
              0};
    uint32_t known = std::min(sequence.left(), part.count);
    if (known == sequence.left())
      for (uint32_t i = known - 1; i < part.count; ++i) rows_.push_back(static_cast<int32_t>(part.row + i));
    part.rows_read = static_cast<uint32_t>(rows_.size()) - part.logits;
    parts_.push_back(part);
    stats_.prompt_tokens += part.first < sequence.prompt_tokens() ? part.count : 0;
  }
  return executor_->run(batch_);
}

Status Engine::verify() {
  Matrix logits;
  if (!rows_.empty()) {
    TENON_TRY(logits, executor_->logits(rows_));
  }
  drawn_.clear();
  for (Part& part : parts_) {
    Sequence& sequence = *scheduler_.find(part.sequence);
    part.drawn = static_cast<uint32_t>(drawn_.size());
    part.kept = part.rows_read == 0 ? part.count : draw_tokens(sequence, part, logits);
    part.drawn_end = static_cast<uint32_t>(drawn_.size());
    if (part.kept > 0) TENON_TRY(executor_->cache().commit(part.sequence, part.kept));
    sequence.computed += part.kept;
  }
  return ok();
}

// Draws a token after the last known one and after each draft that was drawn too, so the answer is what it
// would be without drafts, also when it is sampled: a draft is right if it is the token that is drawn. Returns
// how many tokens of the part are computed for good, 0 if a logit is not finite.
uint32_t Engine::draw_tokens(Sequence& sequence, const Part& part, Matrix logits) {
  uint32_t known = part.count - (part.rows_read - 1);
  drafts_.clear();
  drafts_.swap(sequence.drafts);
  stats_.drafted += part.rows_read - 1;
  for (uint32_t i = 0; i < part.rows_read; ++i) {
    std::span<float> row(logits.row(part.logits + i), static_cast<size_t>(logits.columns));
    if (!std::all_of(row.begin(), row.end(), [](float logit) { return std::isfinite(logit); })) return 0;
    drawn_.push_back(draw(sequence, row));
    sequence.tokens.push_back(drawn_.back().token);
    bool is_right = i + 1 < part.rows_read && drawn_.back().token == drafts_[i];
    stats_.accepted += is_right;
    if (!is_right || is_finished(sequence)) return known + i;
  }
  return part.count;
}

// The logarithm is the model's own: of the row as it was before penalties changed it.
Engine::Draw Engine::draw(Sequence& sequence, std::span<float> row) {
  if (!sequence.request.wants_logprobs) return {sampler_.draw(row, sequence), 0};
  logits_.assign(row.begin(), row.end());
  int32_t token = sampler_.draw(row, sequence);
  return {token, logits_[static_cast<size_t>(token)] - log_sum_exp(logits_)};
}

Status Engine::speculate() {
  members_.clear();
  for (const Part& part : parts_) {
    Sequence* sequence = scheduler_.find(part.sequence);
    if (part.kept > 0) members_.push_back({sequence, part.first, part.row, is_finished(*sequence)});
  }
  return drafting_->learn(members_, draft_length_.length());
}

// Whether its last token ends the answer. A prompt's last token ends nothing.
bool Engine::is_finished(const Sequence& sequence) const {
  if (sequence.output_tokens() == 0) return false;
  return ends_answer(sequence.request, sequence.tokens.back()) ||
         sequence.output_tokens() >= sequence.max_tokens;
}

// Tells of the tokens that were drawn, and ends what has come to its end.
void Engine::report() {
  for (const Part& part : parts_) {
    Sequence& sequence = *scheduler_.find(part.sequence);
    stats_.output_tokens += part.drawn_end - part.drawn;
    bool has_end = part.kept > 0 && part.drawn_end > part.drawn && is_finished(sequence);
    for (uint32_t i = part.drawn; i < part.drawn_end - has_end; ++i)
      sequence.on_event({sequence.id, drawn_[i].token, false, drawn_[i].logprob, {}, ""});
    if (has_end) end(scheduler_.remove(part.sequence), drawn_[part.drawn_end - 1]);
    if (part.kept == 0) end_numerical(part.sequence);
  }
}

// The end with a last token.
void Engine::end(std::unique_ptr<Sequence> sequence, const Draw& last) {
  FinishReason reason = ends_answer(sequence->request, last.token) ? FinishReason::kEos : FinishReason::kLength;
  sequence->on_event({sequence->id, last.token, true, last.logprob, reason, ""});
}

// The end without a token.
void Engine::end(std::unique_ptr<Sequence> sequence, FinishReason reason, const std::string& error) {
  sequence->on_event({sequence->id, -1, true, 0, reason, error});
}

// What it computed cannot be trusted, so nobody else may begin with it.
void Engine::end_numerical(uint64_t id) {
  ++stats_.numerical_errors;
  executor_->cache().discard(id);
  end(scheduler_.remove(id), FinishReason::kNumericalError, "the model computed a value that is not finite");
}

void Engine::end_cancelled() {
  // An event may cancel further requests, which end in the next step.
  ending_.clear();
  ending_.swap(cancelled_);
  for (uint64_t id : ending_)
    if (auto sequence = scheduler_.remove(id)) end(std::move(sequence), FinishReason::kCancelled, "");
}

void Engine::fail_step(std::span<const Work> work, const std::string& error) {
  for (const Work& part : work) {
    executor_->cache().discard(part.sequence);
    if (auto sequence = scheduler_.remove(part.sequence)) end(std::move(sequence), FinishReason::kError, error);
  }
}

}  // namespace tenon
