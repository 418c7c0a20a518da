// Choices of /v1/chat/completions.
#pragma once
#include <apps/server/api/answer_shape.hpp>
#include <apps/server/api/service.hpp>

namespace tenon::api {

struct ChatShapeOptions {
  ReasoningField reasoning_field = ReasoningField::kBoth;
  bool has_reasoning = true;  // whether clients get it at all
  bool has_logprobs = false, has_token_ids = false;
  std::string call_id_prefix;  // makes ids of calls unique
};

class ChatShape : public AnswerShape {
 public:
  ChatShape(const Tokenizer& tokenizer, uint32_t choices, ChatShapeOptions options)
      : tokenizer_(tokenizer), options_(std::move(options)), parts_(choices) {}

  const char* id_prefix() const override { return "chatcmpl-"; }
  const char* object(bool is_stream) const override {
    return is_stream ? "chat.completion.chunk" : "chat.completion";
  }
  std::vector<Json> opening(uint32_t index) override;
  std::vector<Json> pieces(uint32_t index, ChoiceNews news) override;
  Json ending(uint32_t index, const Choice& choice) override;
  Json nothing(uint32_t index) const override { return entry_of(index, Json::object()); }
  void collect(uint32_t index, ChoiceNews news) override;
  Json whole(uint32_t index, const Choice& choice) override;

 private:
  struct Part {
    ParsedAnswer answer;
    std::vector<TokenNote> notes;
    std::vector<int32_t> ids;
  };

  Json entry_of(uint32_t index, Json delta) const;
  Json delta_of(uint32_t index, const AnswerDelta& delta) const;
  Json call_delta(uint32_t index, const AnswerDelta& delta) const;
  std::string call_id(uint32_t index, size_t call) const;
  void add_reasoning(Json& to, const std::string& text) const;
  Json logprobs_of(const std::vector<TokenNote>& notes) const;

  const Tokenizer& tokenizer_;
  ChatShapeOptions options_;
  std::vector<Part> parts_;
};

}  // namespace tenon::api
