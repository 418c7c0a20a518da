#include <apps/server/api/chat_shape.hpp>

namespace tenon::api {
namespace {

using Kind = AnswerDelta::Kind;

}  // namespace

void add_ending(Json& entry, const Choice& choice) {
  entry["finish_reason"] = choice.finish_reason();
  entry["stop_reason"] = choice.stop_reason();
}

Json ChatShape::entry_of(uint32_t index, Json delta) const {
  return {{"index", index}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
}

Json ChatShape::logprobs_of(const std::vector<TokenNote>& notes) const {
  return {{"content", chat_logprobs(notes, tokenizer_)}, {"refusal", nullptr}};
}

std::string ChatShape::call_id(uint32_t index, size_t call) const {
  return "call_" + options_.call_id_prefix + "_" + std::to_string(index) + "_" + std::to_string(call);
}

void ChatShape::add_reasoning(Json& to, const std::string& text) const {
  if (!options_.has_reasoning) return;
  if (options_.reasoning_field != ReasoningField::kReasoningContent) to["reasoning"] = text;
  if (options_.reasoning_field != ReasoningField::kReasoning) to["reasoning_content"] = text;
}

std::vector<Json> ChatShape::opening(uint32_t index) {
  return {entry_of(index, {{"role", "assistant"}, {"content", ""}})};
}

Json ChatShape::call_delta(uint32_t index, const AnswerDelta& delta) const {
  Json call = {{"index", delta.call}};
  if (delta.kind == Kind::kCallBegun) {
    call["id"] = call_id(index, delta.call), call["type"] = "function";
    call["function"] = {{"name", delta.text}, {"arguments", ""}};
  } else {
    call["function"] = {{"arguments", delta.text}};
  }
  return {{"tool_calls", Json::array({std::move(call)})}};
}

// Null if clients see nothing of it.
Json ChatShape::delta_of(uint32_t index, const AnswerDelta& delta) const {
  switch (delta.kind) {
    case Kind::kContent:
    case Kind::kCallVoid: return {{"content", delta.text}};
    case Kind::kCallBegun:
    case Kind::kCallArguments: return call_delta(index, delta);
    case Kind::kCallEnded: return {};
    case Kind::kReasoning: break;
  }
  Json reasoning;
  add_reasoning(reasoning, delta.text);
  return reasoning;
}

std::vector<Json> ChatShape::pieces(uint32_t index, ChoiceNews news) {
  std::vector<Json> entries;
  for (const AnswerDelta& delta : news.deltas)
    if (Json shown = delta_of(index, delta); !shown.is_null())
      entries.push_back(entry_of(index, std::move(shown)));
  bool has_notes = options_.has_logprobs && !news.notes.empty();
  bool has_ids = options_.has_token_ids && !news.ids.empty();
  if (entries.empty() && (has_notes || has_ids)) entries.push_back(nothing(index));
  if (has_notes) entries.front()["logprobs"] = logprobs_of(news.notes);
  if (has_ids) entries.front()["token_ids"] = news.ids;
  return entries;
}

Json ChatShape::ending(uint32_t index, const Choice& choice) {
  Json entry = nothing(index);
  add_ending(entry, choice);
  return entry;
}

void ChatShape::collect(uint32_t index, ChoiceNews news) {
  Part& part = parts_[index];
  for (const AnswerDelta& delta : news.deltas) part.answer.add(delta);
  if (options_.has_logprobs) std::move(news.notes.begin(), news.notes.end(), std::back_inserter(part.notes));
  part.ids.insert(part.ids.end(), news.ids.begin(), news.ids.end());
}

Json ChatShape::whole(uint32_t index, const Choice& choice) {
  const Part& part = parts_[index];
  Json message = {{"role", "assistant"}, {"content", part.answer.content}, {"refusal", nullptr}};
  if (!part.answer.reasoning.empty()) add_reasoning(message, part.answer.reasoning);
  Json calls = Json::array();
  for (const ToolCall& call : part.answer.calls)
    calls.push_back({{"id", call_id(index, calls.size())},
                     {"type", "function"},
                     {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  if (!calls.empty()) {
    if (part.answer.content.empty()) message["content"] = nullptr;
    message["tool_calls"] = std::move(calls);
  }
  Json entry = {{"index", index}, {"message", std::move(message)}, {"logprobs", nullptr}};
  if (options_.has_logprobs) entry["logprobs"] = logprobs_of(part.notes);
  add_ending(entry, choice);
  if (options_.has_token_ids) entry["token_ids"] = part.ids;
  return entry;
}

}  // namespace tenon::api
