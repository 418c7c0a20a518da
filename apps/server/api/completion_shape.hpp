// Choices of /v1/completions.
#pragma once
#include <apps/server/api/answer_shape.hpp>

namespace tenon::api {

struct CompletionShapeOptions {
  bool has_echo = false, has_output = true, has_logprobs = false, has_token_ids = false;
  std::vector<std::vector<int32_t>> prompts;  // token ids
  uint32_t choices = 1;                       // of each prompt; choice i answers prompt i / choices
};

class CompletionShape : public AnswerShape {
 public:
  CompletionShape(const Tokenizer& tokenizer, CompletionShapeOptions options);

  const char* id_prefix() const override { return "cmpl-"; }
  const char* object(bool) const override { return "text_completion"; }
  std::vector<Json> opening(uint32_t index) override;
  std::vector<Json> pieces(uint32_t index, ChoiceNews news) override;
  Json ending(uint32_t index, const Choice& choice) override;
  Json nothing(uint32_t index) const override { return entry_of(index, ""); }
  void collect(uint32_t index, ChoiceNews news) override;
  Json whole(uint32_t index, const Choice& choice) override;
  void score(uint32_t index, const std::vector<ScoredToken>& scores) override;
  bool waits_for_scores() const override { return options_.has_echo && options_.has_logprobs; }

 private:
  struct Part {
    std::string text;  // so far
    std::vector<TokenNote> notes;
    std::vector<int32_t> ids;
    std::vector<ScoredToken> scores;
    StreamDecoder decoder;  // counts the characters of tokens that have notes
    size_t characters = 0;  // before the next token
  };

  const std::vector<int32_t>& prompt_of(uint32_t index) const {
    return options_.prompts[index / options_.choices];
  }
  Json entry_of(uint32_t index, std::string text) const;
  std::vector<TokenNote> prompt_notes(uint32_t index);
  void place(Part& part, TokenNote& note);

  const Tokenizer& tokenizer_;
  CompletionShapeOptions options_;
  std::vector<Part> parts_;
};

}  // namespace tenon::api
