// What all routes of the API share: the model's text side, the engine, and what the operator chose.
#pragma once
#include <apps/server/api/body.hpp>
#include <apps/server/api/pump.hpp>
#include <apps/server/http/router.hpp>

#include <tenon/engine/answer_forms.hpp>
#include <tenon/engine/async_engine.hpp>
#include <tenon/model/description.hpp>
#include <tenon/text/answer_markers.hpp>
#include <tenon/text/chat_template.hpp>
#include <tenon/text/input_marks.hpp>
#include <tenon/text/tokenizer.hpp>
#include <tenon/text/tool_calls.hpp>

namespace tenon::api {

// Under which names clients get what the model thought.
enum class ReasoningField { kBoth, kReasoning, kReasoningContent };

struct ServiceOptions {
  std::string model_name;  // what clients call the model; empty: as the description does
  Strictness strictness = Strictness::kReportOthers;
  // Whether `<|im_end|>` in a user's text is the control token.
  AddedTokens input = AddedTokens::kIgnored;
  ReasoningField reasoning_field = ReasoningField::kBoth;
  std::optional<ToolFormat> tool_format;  // nothing: as the chat template asks the model for
};

// Thread: any, for everything const and for the engine.
class Service {
 public:
  // Reads tokenizer and template; starts a thread that turns tokens into answers. `assembly` and `engine` must
  // outlive it, and it must outlive the server. Fails if the model has no tokenizer.
  static Result<std::unique_ptr<Service>> make(const Assembly& assembly, AsyncEngine& engine,
                                               ServiceOptions options);

  const ServiceOptions& options() const { return options_; }
  const std::string& model_name() const { return options_.model_name; }
  const Assembly& assembly() const { return assembly_; }
  const ModelDescription& description() const;
  uint32_t context() const;
  uint32_t vocabulary() const { return description().vocabulary; }
  int64_t created() const { return created_; }  // seconds since 1970

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const ChatTemplate* chat_template() const { return template_ ? &*template_ : nullptr; }
  const InputMarks& marks() const { return *marks_; }
  const AnswerMarkers& markers() const { return markers_; }
  ToolFormat tool_format() const { return tool_format_; }
  AnswerForms& forms() const { return *forms_; }

  AsyncEngine& engine() const { return engine_; }
  const std::shared_ptr<Pump>& pump() const { return pump_; }

 private:
  Service(const Assembly& assembly, AsyncEngine& engine, ServiceOptions options);
  Status load_text();

  const Assembly& assembly_;
  AsyncEngine& engine_;
  ServiceOptions options_;
  int64_t created_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> template_;
  std::optional<InputMarks> marks_;
  AnswerMarkers markers_;
  std::unique_ptr<AnswerForms> forms_;
  ToolFormat tool_format_ = ToolFormat::kNone;
  std::shared_ptr<Pump> pump_;
};

// All routes of the API. `service` must outlive the router's server.
void add_openai_routes(http::Router& router, Service& service);

}  // namespace tenon::api
