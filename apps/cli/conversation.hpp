// A loaded model that answers: what `tenon run` and its chat share.
#pragma once
#include "answer_view.hpp"
#include "structured.hpp"

#include <apps/common/loaded_model.hpp>

#include <tenon/base/json.hpp>
#include <tenon/engine/answer_forms.hpp>
#include <tenon/engine/async_engine.hpp>
#include <tenon/text/chat_template.hpp>
#include <tenon/text/tokenizer.hpp>

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
  std::string text;     // of a chat, without the thought before it
  std::string thought;  // empty for a prompt of Form::kPlain
  std::vector<int32_t> ids;
  Ending ending;
  uint32_t prompt_tokens = 0, output_tokens = 0, thought_tokens = 0;
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

  // What a text is: plain, or a chat that a template wrote, in whose answer thoughts are told from what is
  // said.
  enum class Form : uint8_t { kPlain, kChat };
  struct Prompt {
    std::string text;
    GenerationOptions options;
    Form form = Form::kPlain;
  };

  // Continues the text, showing it piece by piece. Ctrl-C ends it early.
  Result<Answer> answer(const Prompt& prompt, AnswerView& view);

  // Continues all texts at once, each in its own way, and shows nothing. Answers come in the order of the
  // prompts; one that failed is an error. Ctrl-C ends all of them early.
  std::vector<Result<Answer>> answer_all(const std::vector<Prompt>& prompts);

  EngineStats stats() const { return engine_->stats(); }
  const ModelDescription& description() const { return model_->assembly().description(); }

 private:
  class Listener;
  class Round;
  Conversation() = default;
  Status load_text();
  Result<Request> request_of(std::vector<int32_t> prompt, const GenerationOptions& options) const;

  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<AsyncEngine> engine_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> template_;
  std::unique_ptr<AnswerForms> forms_;
};

// True once Ctrl-C was pressed, until it is asked for again.
bool take_interrupt();
// Turns Ctrl-C into a flag.
void catch_interrupts();

}  // namespace tenon::cli
