// A client's request on its way through the engine: submits its prompts, takes the events of all its answers,
// and writes them to the exchange, whole or as they come. A client that goes away cancels it.
#pragma once
#include <apps/server/api/answer_shape.hpp>
#include <apps/server/api/engine_request.hpp>

#include <unordered_map>

namespace tenon::api {

struct GenerationPlan {
  std::vector<tenon::Request> requests;  // one per choice, in their order
  std::vector<ChoiceOptions> choices;
  std::unique_ptr<AnswerShape> shape;
  AnswerWishes wishes;
  std::vector<size_t> prompt_tokens;  // of each prompt
  Json prompt_token_ids;              // what return_token_ids shows of them; null: nothing
  http::Headers headers;              // of the answer
};

// Thread: advance() runs on the pump's.
class Generation : public Pump::Task {
 public:
  // Starts it. What the engine refuses, the exchange answers with an error.
  static void start(const Service& service, std::shared_ptr<http::Exchange> exchange, GenerationPlan plan);

 private:
  Generation(const Service& service, std::shared_ptr<http::Exchange> exchange, GenerationPlan plan);

  void submit();
  void advance() override;
  void take(const TokenEvent& event);
  void publish(uint32_t index);
  void open(uint32_t index);
  void write_progress(uint32_t index, const RequestStats& stats);
  void write_chunk(std::vector<Json> entries, bool is_last = false);
  void finish();
  void fail(const ApiError& error);
  void finish_meter(uint32_t index, const std::string& reason);
  void end(const std::string& reason = "abort");

  Json frame(Json entries) const;
  Json usage() const;
  Json timings() const;

  const Service& service_;
  std::shared_ptr<http::Exchange> exchange_;
  GenerationPlan plan_;
  std::string id_;
  int64_t created_;
  std::vector<Choice> choices_;
  // By choice: whether its first chunk is out, its last one, and whether the meter knows of its end.
  std::vector<bool> is_open_, is_published_, is_metered_;
  std::unordered_map<uint64_t, uint32_t> index_of_;  // by the engine's request
  std::vector<uint64_t> engine_ids_;                 // by choice
  std::optional<TokenStream> stream_;                // none once it has ended
  size_t unfinished_ = 0;
  std::mutex starting_;  // the pump waits for submit()
  std::atomic<bool> is_closed_ = false;
};

}  // namespace tenon::api
