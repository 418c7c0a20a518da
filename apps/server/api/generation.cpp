#include <apps/server/api/generation.hpp>

#include <apps/server/api/usage.hpp>

#include <chrono>

namespace tenon::api {
namespace {

int64_t seconds_since_1970() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

ApiError failure_of(const TokenEvent& event) {
  if (event.reason == FinishReason::kCancelled)
    return http::unavailable("the server ends, this answer is not finished", "shutting_down");
  return http::internal_error(event.error.empty() ? "the engine failed" : event.error);
}

}  // namespace

void Generation::start(const Service& service, std::shared_ptr<http::Exchange> exchange, GenerationPlan plan) {
  std::shared_ptr<Generation> made(new Generation(service, std::move(exchange), std::move(plan)));
  made->submit();
}

Generation::Generation(const Service& service, std::shared_ptr<http::Exchange> exchange, GenerationPlan plan)
    : service_(service),
      exchange_(std::move(exchange)),
      plan_(std::move(plan)),
      created_(seconds_since_1970()) {
  id_ = plan_.shape->id_prefix() + exchange_->request().id;
  for (ChoiceOptions& options : plan_.choices)
    choices_.emplace_back(service_.tokenizer(), service_.markers(), std::move(options));
  unfinished_ = choices_.size();
  is_open_.resize(choices_.size()), is_published_.resize(choices_.size()), is_metered_.resize(choices_.size());
}

void Generation::submit() {
  std::weak_ptr<Pump::Task> weak = weak_from_this();
  stream_.emplace();
  stream_->on_arrival([weak, pump = service_.pump()] {
    if (auto task = weak.lock()) pump->wake(task);
  });
  size_t prompt_tokens = 0;
  for (size_t tokens : plan_.prompt_tokens) prompt_tokens += tokens;
  exchange_->meter().submitted(static_cast<uint32_t>(choices_.size()), prompt_tokens, plan_.wishes.max_tokens);
  // Events may come before the ids are known here; the pump waits for them.
  std::unique_lock lock(starting_);
  auto submitted = service_.engine().submit(std::move(plan_.requests), *stream_);
  if (!submitted.ok()) {
    stream_.reset();
    return exchange_->fail(refused_by_engine(submitted.error()));
  }
  engine_ids_ = std::move(submitted).value();
  for (uint32_t i = 0; i < engine_ids_.size(); ++i) index_of_[engine_ids_[i]] = i;
  if (plan_.wishes.is_stream) exchange_->start_events(plan_.headers);
  for (uint32_t i = 0; plan_.wishes.is_stream && i < choices_.size(); ++i)
    if (!plan_.shape->waits_for_scores()) open(i);
  lock.unlock();
  exchange_->on_closed([self = std::static_pointer_cast<Generation>(shared_from_this())] {
    self->is_closed_ = true;
    self->service_.pump()->wake(self);
  });
}

void Generation::advance() {
  std::lock_guard lock(starting_);
  if (is_closed_) return end();
  while (stream_) {
    auto event = stream_->try_next();
    if (!event) break;
    take(*event);
  }
  for (uint32_t i = 0; stream_ && plan_.wishes.is_stream && i < choices_.size(); ++i) publish(i);
  if (stream_ && unfinished_ == 0) finish();
}

void Generation::take(const TokenEvent& event) {
  uint32_t index = index_of_.at(event.request);
  Choice& choice = choices_[index];
  if (!choice.finish_reason().empty()) return;
  bool has_failed =
      event.is_last && event.reason != FinishReason::kEos && event.reason != FinishReason::kLength;
  if (has_failed) return fail(failure_of(event));
  if (!event.scored.empty()) plan_.shape->score(index, event.scored);
  if (event.token >= 0) exchange_->meter().token(index);
  bool goes_on = choice.take(event);
  if (event.token < 0 && !event.is_last && plan_.wishes.has_progress) write_progress(index, event.stats);
  if (!plan_.wishes.is_stream) plan_.shape->collect(index, choice.take_news());
  if (goes_on) return;
  if (!event.is_last) service_.engine().cancel(event.request);
  finish_meter(index, choice.finish_reason());
  if (!plan_.wishes.is_stream) --unfinished_;
}

void Generation::open(uint32_t index) {
  if (is_open_[index]) return;
  is_open_[index] = true;
  write_chunk(plan_.shape->opening(index));
}

// What has come of one choice, and its end.
void Generation::publish(uint32_t index) {
  Choice& choice = choices_[index];
  if (is_published_[index]) return;
  ChoiceNews news = choice.take_news();
  bool has_ended = !choice.finish_reason().empty();
  if (news.is_empty() && !has_ended) return;
  open(index);
  write_chunk(plan_.shape->pieces(index, std::move(news)));
  if (!has_ended) return;
  is_published_[index] = true;
  --unfinished_;
  write_chunk({plan_.shape->ending(index, choice)}, unfinished_ == 0);
}

void Generation::write_progress(uint32_t index, const RequestStats& stats) {
  Json chunk = frame(Json::array({plan_.shape->nothing(index)}));
  chunk["prompt_progress"] = progress_json(stats, plan_.prompt_tokens[index / plan_.wishes.choices]);
  exchange_->write_event(dump(chunk));
}

void Generation::write_chunk(std::vector<Json> entries, bool is_last) {
  for (Json& entry : entries) {
    Json chunk = frame(Json::array({std::move(entry)}));
    if (is_last || plan_.wishes.has_running_timings) chunk["timings"] = timings();
    plan_.prompt_token_ids = nullptr;  // once is enough
    if (!is_closed_ && !exchange_->write_event(dump(chunk)).is_open) is_closed_ = true;
  }
}

Json Generation::frame(Json entries) const {
  Json frame = {{"id", id_},
                {"object", plan_.shape->object(plan_.wishes.is_stream)},
                {"created", created_},
                {"model", service_.model_name()},
                {"choices", std::move(entries)}};
  if (plan_.wishes.is_stream && plan_.wishes.has_usage)
    frame["usage"] = plan_.wishes.has_running_usage ? usage() : Json();
  if (!plan_.prompt_token_ids.is_null()) frame["prompt_token_ids"] = plan_.prompt_token_ids;
  return frame;
}

Json Generation::usage() const {
  UsageCounts counts;
  for (size_t tokens : plan_.prompt_tokens) counts.prompt += tokens;
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (plan_.wishes.wants_output) counts.completion += choices_[i].tokens();
    counts.reasoning += choices_[i].reasoning_tokens();
    if (i % plan_.wishes.choices == 0) counts.cached += choices_[i].stats().cached_tokens;
  }
  return usage_json(counts);
}

Json Generation::timings() const {
  return timings_json(choices_.front().stats(), plan_.prompt_tokens.front(), choices_.front().tokens());
}

void Generation::finish() {
  if (plan_.wishes.is_stream) {
    if (plan_.wishes.has_usage) {
      Json last = frame(Json::array());
      last["usage"] = usage();
      exchange_->write_event(dump(last));
    }
    exchange_->end_events();
    return end();
  }
  Json entries = Json::array();
  for (uint32_t i = 0; i < choices_.size(); ++i) entries.push_back(plan_.shape->whole(i, choices_[i]));
  Json answer = frame(std::move(entries));
  answer["usage"] = usage();
  answer["timings"] = timings();
  http::Response response = http::json_response(dump(answer));
  for (const auto& [name, value] : plan_.headers) response.headers.add(name, value);
  exchange_->send(std::move(response));
  end();
}

void Generation::fail(const ApiError& error) {
  exchange_->fail(error);
  end("error");
}

void Generation::finish_meter(uint32_t index, const std::string& reason) {
  if (is_metered_[index]) return;
  is_metered_[index] = true;
  const RequestStats& stats = choices_[index].stats();
  exchange_->meter().finished(index, reason,
                              {stats.cached_tokens, stats.drafted, stats.accepted, stats.queued_seconds,
                               stats.prefill_seconds, stats.decode_seconds});
}

// Cancels what still runs.
void Generation::end(const std::string& reason) {
  for (uint32_t i = 0; i < choices_.size(); ++i) finish_meter(i, reason);
  stream_.reset();
}

}  // namespace tenon::api
