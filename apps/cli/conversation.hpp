// A loaded model that answers: what `tenon run` and its chat share.
#pragma once
#include "structured.hpp"

#include <apps/common/loaded_model.hpp>

#include <tenon/base/json.hpp>
#include <tenon/engine/async_engine.hpp>
#include <tenon/text/chat_template.hpp>
#include <tenon/text/tokenizer.hpp>

#include <cstdio>
#include <optional>

namespace tenon::cli {

// How to generate, as far as the command line says; what it leaves open comes from the description.
struct GenerationOptions {
  std::optional<double> temperature, top_p, min_p;
  std::optional<int32_t> top_k;
  std::optional<double> repetition_penalty, presence_penalty, frequency_penalty;
  std::optional<uint64_t> seed;
  uint32_t max_tokens = 0;
  bool ignore_eos = false;
  std::vector<std::string> stops;
  std::string thinking;                        // "on", "off", or empty: as the template does by itself
  std::string template_kwargs;                 // a JSON object
  std::optional<grammar::Specification> form;  // of the answer

  void add_to(CLI::App& command);
};

// What ended an answer.
enum class Ending { kEos, kLength, kStop, kInterrupt };

// "eos", "length", "stop", "interrupt"
const char* name_of(Ending ending);

struct Answer {
  std::string text;
  std::vector<int32_t> ids;
  Ending ending;
  uint32_t prompt_tokens = 0, output_tokens = 0;
  double prefill_seconds = 0, decode_seconds = 0;
};

// What a chat begins with: the system message, unless it is empty.
Json opening_messages(const std::string& system);

class Conversation {
 public:
  // Loads everything; a progress bar is shown if that takes long.
  static Result<std::unique_ptr<Conversation>> load(const ModelOptions& options);

  // messages: [{"role": ..., "content": ...}, ...] through the chat template.
  Result<std::string> render(const Json& messages, const GenerationOptions& options) const;

  // The same for a first question, after a system message if that is not empty.
  Result<std::string> render_question(const std::string& system, const std::string& question,
                                      const GenerationOptions& options) const;

  // Continues the text, printing it piece by piece on standard output. Ctrl-C ends it early.
  Result<Answer> answer(const std::string& prompt, const GenerationOptions& options);

  // Continues all texts at once, each in its own way, and prints nothing. Answers come in the order of the
  // prompts; one that failed is an error. Ctrl-C ends all of them early.
  struct Prompt {
    std::string text;
    GenerationOptions options;
  };
  std::vector<Result<Answer>> answer_all(const std::vector<Prompt>& prompts);

  EngineStats stats() const { return engine_->stats(); }
  const ModelDescription& description() const { return model_->assembly().description(); }

 private:
  class Listener;
  class Round;
  std::vector<Result<Answer>> answer_all(const std::vector<Prompt>& prompts, FILE* out);
  Conversation() = default;
  Status load_text();
  Result<Request> request_of(std::vector<int32_t> prompt, const GenerationOptions& options) const;

  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<AsyncEngine> engine_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> template_;
  std::unique_ptr<ConstraintFactory> constraints_;
};

// True once Ctrl-C was pressed, until it is asked for again.
bool take_interrupt();
// Turns Ctrl-C into a flag.
void catch_interrupts();

}  // namespace tenon::cli
