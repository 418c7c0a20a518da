#include <tenon/engine/engine.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tenon {

namespace {

// As many as can wait for those that run, in queues of usual length.
constexpr uint32_t kWaitingByDefault = 256;
// Thirty years, which a clock can add to any time.
constexpr double kSecondsMax = 1e9;
// So that the sum with a logit stays finite.
constexpr float kBiasMax = 1e30f;

uint64_t requests_max(const EngineSection& engine) {
  return engine.requests_max ? engine.requests_max : engine.sequences_max + kWaitingByDefault;
}

// Nobody else's: what is computed for one request alone. (A bijection of Steele et al., OOPSLA'14.)
uint64_t salt_of_its_own(uint64_t id) {
  uint64_t salt = id + 0x9E3779B97F4A7C15;
  salt = (salt ^ salt >> 30) * 0xBF58476D1CE4E5B9;
  salt = (salt ^ salt >> 27) * 0x94D049BB133111EB;
  return salt ^ salt >> 31;
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

Result<std::unique_ptr<Engine>> Engine::make(const Assembly& assembly, Clock clock) {
  TENON_TRY(auto executor, Executor::make(assembly));
  return std::unique_ptr<Engine>(new Engine(assembly, std::move(executor), std::move(clock)));
}

Engine::Engine(const Assembly& assembly, std::unique_ptr<Executor> executor, Clock clock)
    : assembly_(assembly),
      clock_(std::move(clock)),
      admission_(requests_max(assembly.description().engine), assembly.description().engine.prompt_tokens_max),
      executor_(std::move(executor)),
      scheduler_(assembly.limits(), assembly.chunk_tokens(), assembly.model().shape().model_dim,
                 executor_->cache()),
      batch_(assembly),
      sampler_(assembly.model().shape().vocabulary, assembly.ops().isa()),
      drafting_(assembly.limits().draft_tokens_max > 0 ? std::make_unique<Drafting>(assembly, *executor_)
                                                       : nullptr),
      draft_length_(assembly.limits().draft_tokens_max,
                    assembly.description().speculative && assembly.description().speculative->adaptive) {
  size_t sequences = assembly.limits().sequences_max, drafts = assembly.limits().draft_tokens_max;
  size_t rows = sequences * (1 + drafts);
  parts_.reserve(sequences), members_.reserve(sequences);
  rows_.reserve(rows), drawn_.reserve(rows), drafts_.reserve(drafts);
}

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
  for (const TokenBias& bias : request.sampling.biases)
    if (bias.token < 0 || static_cast<uint32_t>(bias.token) >= vocabulary || !(bias.bias <= kBiasMax))
      return invalid(fmt::format("request: bias of token {} is {}, must be of a token below {} and at most {}",
                                 bias.token, bias.bias, vocabulary, kBiasMax));
  if (request.top_logprobs > vocabulary)
    return invalid(
        fmt::format("request: top_logprobs is {}, there are {} tokens", request.top_logprobs, vocabulary));
  if (!(request.seconds_max >= 0))
    return invalid(fmt::format("request: seconds_max is {}, must not be negative", request.seconds_max));
  return ok();
}

// The stricter of the request's limit and the engine's.
void Engine::limit_time(Sequence& sequence) const {
  double own = sequence.request.seconds_max, common = assembly_.description().engine.seconds_max;
  sequence.seconds_max = own > 0 && common > 0 ? std::min(own, common) : std::max(own, common);
  if (sequence.seconds_max == 0) return;
  std::chrono::duration<double> seconds(std::min(sequence.seconds_max, kSecondsMax));
  sequence.deadline = clock_() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds);
}

Result<Engine::Prepared> Engine::prepare(std::vector<Request> requests, const EventHandler& on_event) try {
  uint64_t prompt_tokens = 0;
  for (const Request& request : requests) {
    TENON_TRY(check(request));
    prompt_tokens += request.prompt.size();
  }
  TENON_TRY(Admitted admitted, admission_.take(requests.size(), prompt_tokens));
  Prepared prepared;
  for (Request& request : requests) {
    uint32_t max_tokens = answer_room(request);
    Admitted share = admitted.split(request.prompt.size());
    prepared.emplace_back(++last_id_, std::move(request), on_event, std::move(share));
    Sequence& sequence = prepared.back();
    sequence.max_tokens = max_tokens, sequence.came = clock_();
    if (sequence.request.wants_prompt_logprobs) sequence.request.salt = salt_of_its_own(sequence.id);
    limit_time(sequence);
    if (sequence.request.constraint) {
      TENON_TRY(sequence.constraint, sequence.request.constraint());
    }
  }
  return prepared;
} catch (const std::bad_alloc&) {
  return Error{TENON_OUT_OF_MEMORY, kOutOfMemory};
}

void Engine::start(Prepared prepared) { scheduler_.add(std::move(prepared)); }

Result<uint64_t> Engine::submit(Request request, EventHandler on_event) try {
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  TENON_TRY(Prepared prepared, prepare(std::move(requests), on_event));
  uint64_t id = prepared.front().id;
  start(std::move(prepared));
  return id;
} catch (const std::bad_alloc&) {
  return Error{TENON_OUT_OF_MEMORY, kOutOfMemory};
}

void Engine::cancel(uint64_t request) { scheduler_.cancel(request); }

void Engine::end_all(FinishReason reason, std::string_view error) { end(scheduler_.take_all(), reason, error); }

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
  stats.experts = assembly_.expert_cache();
  return stats;
}

// One step: choose work, run the model once, turn logits into tokens, guess ahead. An event may cancel further
// requests, which end here or in the next step.
bool Engine::step() {
  auto start = now_ = clock_();
  end_late(scheduler_.take_late(start));
  end(scheduler_.take_cancelled(), FinishReason::kCancelled, "");
  Sequences failed;
  std::span<const Work> work = scheduler_.choose(failed);
  end_failed(std::move(failed));
  if (work.empty()) return scheduler_.has_work();
  uint64_t outputs = stats_.output_tokens;
  Status status = try_step(work);
  if (status.ok()) report();
  if (!status.ok()) end_step(status.error().text);
  ++stats_.steps;
  bool is_decode =
      std::all_of(work.begin(), work.end(), [](const Work& part) { return part.phase == TENON_DECODE; });
  end(scheduler_.take_cancelled(), FinishReason::kCancelled, "");
  std::chrono::duration<double> seconds = clock_() - start;
  stats_.seconds += seconds.count();
  if (is_decode) draft_length_.record(static_cast<uint32_t>(stats_.output_tokens - outputs), seconds.count());
  return true;
}

Status Engine::try_step(std::span<const Work> work) try {
  TENON_TRY(compute(work));
  TENON_TRY(verify());
  return drafting_ ? speculate() : ok();
} catch (const std::bad_alloc&) {
  return Error{TENON_OUT_OF_MEMORY, kOutOfMemory};
}

// Runs the model. Logits are wanted after a sequence's last token and after each of its drafts.
Status Engine::compute(std::span<const Work> work) {
  batch_.fill(work);
  parts_.clear(), rows_.clear();
  for (size_t s = 0; s < work.size(); ++s) {
    Sequence& sequence = *scheduler_.chosen()[s];
    Part part{&sequence,
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
    if (!sequence.started) sequence.started = now_, sequence.stats.cached_tokens = part.first;
  }
  return executor_->run(batch_);
}

Status Engine::verify() {
  for (Part& part : parts_)
    if (part.sequence->request.wants_prompt_logprobs) TENON_TRY(score(part));
  Matrix logits;
  if (!rows_.empty()) {
    TENON_TRY(logits, executor_->logits(rows_));
  }
  drawn_.clear();
  for (Part& part : parts_) {
    Sequence& sequence = *part.sequence;
    part.drawn = static_cast<uint32_t>(drawn_.size());
    if (part.is_finite) part.kept = part.rows_read == 0 ? part.count : draw_tokens(sequence, part, logits);
    part.drawn_end = static_cast<uint32_t>(drawn_.size());
    if (part.kept > 0) TENON_TRY(executor_->cache().commit(sequence.id, part.kept));
    sequence.computed += part.kept;
  }
  return ok();
}

// Draws a token after the last known one and after each draft that was drawn too, so the answer is what it
// would be without drafts, also when it is sampled: a draft is right if it is the token that is drawn. Returns
// how many tokens of the part are computed for good, 0 if a logit is not finite. Where no token may be drawn,
// the sequence has a failure.
uint32_t Engine::draw_tokens(Sequence& sequence, const Part& part, Matrix logits) {
  uint32_t known = part.count - (part.rows_read - 1);
  drafts_.assign(sequence.drafts.begin(), sequence.drafts.end());
  sequence.drafts.clear();
  stats_.drafted += part.rows_read - 1, sequence.stats.drafted += part.rows_read - 1;
  for (uint32_t i = 0; i < part.rows_read; ++i) {
    std::span<float> row(logits.row(part.logits + i), static_cast<size_t>(logits.columns));
    auto drawn = draw(sequence, row);
    if (!drawn) return 0;
    if (drawn->token == Sampler::kNoToken) {
      set_reason(sequence.failure,
                 "constraint: no token may come next, expected one that it and the biases allow");
      return known + i;
    }
    drawn_.push_back(std::move(*drawn));
    sequence.append(drawn_.back().token);
    bool is_right = i + 1 < part.rows_read && drawn_.back().token == drafts_[i];
    stats_.accepted += is_right;
    sequence.stats.accepted += is_right;
    if (!is_right || is_finished(sequence)) return known + i;
  }
  return part.count;
}

// Nothing if a logit is not finite. Logarithms are the model's own: of the row as it was before the sampler
// changed it.
std::optional<Engine::Draw> Engine::draw(const Sequence& sequence, std::span<float> row) {
  bool wants_logprobs = sequence.request.wants_logprobs;
  if (wants_logprobs) logits_.assign(row.begin(), row.end());
  auto token = sampler_.draw(row, sequence);
  if (!token) return {};
  Draw drawn{*token, 0, {}};
  if (!wants_logprobs || *token == Sampler::kNoToken) return drawn;
  double log_sum = *sampler_.log_sum_exp(logits_);
  drawn.logprob = logits_[static_cast<size_t>(*token)] - log_sum;
  sampler_.rank(logits_, sequence.request.top_logprobs, log_sum, drawn.top);
  return drawn;
}

// Scores the tokens of the prompt that follow those the step computed, some rows at a time. What was told
// before the sequence had to start over is not told again.
Status Engine::score(Part& part) {
  Sequence& sequence = *part.sequence;
  uint32_t end = std::min(part.first + part.count + 1, sequence.prompt_tokens());
  while (sequence.scored < end && part.is_finite) {
    uint32_t count = std::min(end - sequence.scored, executor_->logit_rows_max());
    scored_rows_.clear();
    for (uint32_t i = 0; i < count; ++i)
      scored_rows_.push_back(static_cast<int32_t>(part.row + sequence.scored - 1 - part.first + i));
    TENON_TRY(Matrix logits, executor_->logits(scored_rows_));
    for (uint32_t i = 0; i < count && part.is_finite; ++i)
      part.is_finite = score(sequence, {logits.row(i), static_cast<size_t>(logits.columns)});
  }
  return ok();
}

// Returns false if a logit is not finite.
bool Engine::score(Sequence& sequence, std::span<const float> row) {
  auto log_sum = sampler_.log_sum_exp(row);
  if (!log_sum) return false;
  auto token = static_cast<size_t>(sequence.tokens[sequence.scored++]);
  ScoredToken& scored = sequence.scores.emplace_back(row[token] - *log_sum, std::vector<TokenLogprob>());
  sampler_.rank(row, sequence.request.top_logprobs, *log_sum, scored.top);
  return true;
}

Status Engine::speculate() {
  members_.clear();
  for (const Part& part : parts_)
    if (part.kept > 0) members_.push_back({part.sequence, part.first, part.row, is_finished(*part.sequence)});
  return drafting_->learn(members_, draft_length_.length());
}

// Whether its last token ends the answer, or nothing can follow. A prompt's last token ends nothing.
bool Engine::is_finished(const Sequence& sequence) const {
  if (!sequence.failure.empty()) return true;
  return sequence.output_tokens() > 0 &&
         (sequence.has_ended() || sequence.output_tokens() >= sequence.max_tokens);
}

// Tells of the tokens that were drawn, and ends what has come to its end.
void Engine::report() {
  now_ = clock_();
  for (const Part& part : parts_) {
    stats_.output_tokens += part.drawn_end - part.drawn;
    if (part.kept == 0) {
      end_numerical(*part.sequence);
    } else if (!report(part)) {
      end(scheduler_.take(*part.sequence), FinishReason::kError, kOutOfMemory);
    }
  }
}

// False if there is no memory to take an event; the request has not ended then.
bool Engine::report(const Part& part) {
  Sequence& sequence = *part.sequence;
  if (part.first < sequence.prompt_tokens() && !report_prompt(sequence)) return false;
  bool has_failed = !sequence.failure.empty(), has_end = is_finished(sequence) && !has_failed;
  if (part.drawn == part.drawn_end && !has_failed) return true;
  if (!sequence.answered) sequence.answered = now_;
  for (uint32_t i = part.drawn; i < part.drawn_end - has_end; ++i) {
    TokenEvent event{sequence.id, drawn_[i].token, false, drawn_[i].logprob, {}, "", std::move(drawn_[i].top)};
    if (!tell(sequence, event)) return false;
  }
  if (has_failed) end_failed(scheduler_.take(sequence));
  if (!has_end) return true;
  Draw& last = drawn_[part.drawn_end - 1];
  FinishReason reason = sequence.has_ended() ? FinishReason::kEos : FinishReason::kLength;
  Sequences ended = scheduler_.take(sequence);
  TokenEvent event{sequence.id, last.token, true, last.logprob, reason, "", std::move(last.top)};
  if (!tell(sequence, event)) end(std::move(ended), FinishReason::kError, kOutOfMemory);
  return true;
}

bool Engine::report_prompt(Sequence& sequence) {
  if (!sequence.request.wants_progress && sequence.scores.empty()) return true;
  TokenEvent news{sequence.id};
  news.scored.swap(sequence.scores);
  return tell(sequence, news);
}

bool Engine::tell(const Sequence& sequence, TokenEvent& event) try {
  event.stats = sequence.stats_at(now_);
  sequence.on_event(event);
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

// Of each, without a token.
void Engine::end(Sequences ended, FinishReason reason, std::string_view error) {
  TokenEvent last{0, -1, true, 0, reason, ""};
  set_reason(last.error, error);
  for (; !ended.empty(); ended.pop_front()) {
    last.request = ended.front().id;
    tell(ended.front(), last);
  }
}

void Engine::end_late(Sequences late) {
  std::array<char, 64> text;
  for (Sequence& sequence : late) {
    auto made =
        fmt::format_to_n(text.data(), text.size(), "request: took longer than {} s", sequence.seconds_max);
    set_reason(sequence.failure, {text.data(), made.out});
  }
  end_failed(std::move(late));
}

void Engine::end_failed(Sequences failed) {
  while (!failed.empty()) {
    Sequences one;
    one.splice(one.end(), failed, failed.begin());
    std::string_view failure = one.front().failure;
    end(std::move(one), FinishReason::kError, failure);
  }
}

// What a step that failed computed cannot be trusted, so nobody else may begin with it.
void Engine::end_step(std::string_view error) {
  Sequences ended;
  for (Sequence* sequence : scheduler_.chosen()) {
    executor_->cache().discard(sequence->id);
    ended.splice(ended.end(), scheduler_.take(*sequence));
  }
  end(std::move(ended), FinishReason::kError, error);
}

void Engine::end_numerical(const Sequence& sequence) {
  ++stats_.numerical_errors;
  executor_->cache().discard(sequence.id);
  end(scheduler_.take(sequence), FinishReason::kNumericalError,
      "the model computed a value that is not finite");
}

}  // namespace tenon
