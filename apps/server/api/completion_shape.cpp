#include <apps/server/api/completion_shape.hpp>

namespace tenon::api {
namespace {

std::string text_of(const ChoiceNews& news) {
  std::string text;
  for (const AnswerDelta& delta : news.deltas) text += delta.text;
  return text;
}

}  // namespace

CompletionShape::CompletionShape(const Tokenizer& tokenizer, CompletionShapeOptions options)
    : tokenizer_(tokenizer), options_(std::move(options)) {
  for (size_t i = 0; i < options_.prompts.size() * options_.choices; ++i)
    parts_.push_back({{}, {}, {}, {}, StreamDecoder(tokenizer), 0});
}

Json CompletionShape::entry_of(uint32_t index, std::string text) const {
  return {{"index", index}, {"text", std::move(text)}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
}

void CompletionShape::score(uint32_t index, const std::vector<ScoredToken>& scores) {
  auto& all = parts_[index].scores;
  all.insert(all.end(), scores.begin(), scores.end());
}

// Says where in the text its token begins.
void CompletionShape::place(Part& part, TokenNote& note) {
  note.text_offset = part.characters;
  part.characters += count_characters(part.decoder.push(note.token));
}

// The first token follows nothing, so it has no probability: 0, and no others.
std::vector<TokenNote> CompletionShape::prompt_notes(uint32_t index) {
  Part& part = parts_[index];
  std::vector<TokenNote> notes;
  for (size_t i = 0; i < prompt_of(index).size(); ++i) {
    TokenNote note{prompt_of(index)[i], 0, {}};
    if (i > 0 && i <= part.scores.size()) {
      note.logprob = part.scores[i - 1].logprob;
      note.top = std::move(part.scores[i - 1].top);
    }
    place(part, note);
    notes.push_back(std::move(note));
  }
  part.scores.clear();
  return notes;
}

std::vector<Json> CompletionShape::opening(uint32_t index) {
  if (!options_.has_echo) return {};
  Json entry = entry_of(index, tokenizer_.decode(prompt_of(index)));
  if (options_.has_logprobs) entry["logprobs"] = completion_logprobs(prompt_notes(index), tokenizer_);
  return {std::move(entry)};
}

std::vector<Json> CompletionShape::pieces(uint32_t index, ChoiceNews news) {
  if (!options_.has_output) return {};
  std::string text = text_of(news);
  bool has_notes = options_.has_logprobs && !news.notes.empty();
  bool has_ids = options_.has_token_ids && !news.ids.empty();
  if (text.empty() && !has_notes && !has_ids) return {};
  Json entry = entry_of(index, std::move(text));
  for (TokenNote& note : news.notes) place(parts_[index], note);
  if (has_notes) entry["logprobs"] = completion_logprobs(news.notes, tokenizer_);
  if (has_ids) entry["token_ids"] = news.ids;
  return {std::move(entry)};
}

Json CompletionShape::ending(uint32_t index, const Choice& choice) {
  Json entry = nothing(index);
  add_ending(entry, choice);
  return entry;
}

void CompletionShape::collect(uint32_t index, ChoiceNews news) {
  if (!options_.has_output) return;
  Part& part = parts_[index];
  part.text += text_of(news);
  part.ids.insert(part.ids.end(), news.ids.begin(), news.ids.end());
  std::move(news.notes.begin(), news.notes.end(), std::back_inserter(part.notes));
}

Json CompletionShape::whole(uint32_t index, const Choice& choice) {
  Part& part = parts_[index];
  Json entry = entry_of(index, part.text);
  std::vector<TokenNote> notes;
  if (options_.has_echo) {
    entry["text"] = tokenizer_.decode(prompt_of(index)) + part.text;
    if (options_.has_logprobs) notes = prompt_notes(index);
  }
  for (TokenNote& note : part.notes) place(part, note), notes.push_back(std::move(note));
  if (options_.has_logprobs) entry["logprobs"] = completion_logprobs(notes, tokenizer_);
  add_ending(entry, choice);
  if (options_.has_token_ids) entry["token_ids"] = part.ids, entry["prompt_token_ids"] = prompt_of(index);
  return entry;
}

}  // namespace tenon::api
