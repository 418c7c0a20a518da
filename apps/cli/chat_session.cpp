#include "chat_session.hpp"

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <cstdio>
#include <utility>

namespace tenon::cli {
namespace {

constexpr uint64_t kChatBytesMax = 64 << 20;

double per_second(double count, double seconds) { return seconds > 0 ? count / seconds : 0; }

double prefill_rate(const Answer& answer) { return per_second(answer.prompt_tokens, answer.prefill_seconds); }
double decode_rate(const Answer& answer) {
  return answer.output_tokens > 1 ? per_second(answer.output_tokens - 1, answer.decode_seconds) : 0;
}

Status check_message(const Json& message, const std::string& who) {
  bool is_right = message.is_object() && message.contains("role") && message["role"].is_string() &&
                  message.contains("content") && message["content"].is_string();
  if (!is_right) return invalid(who + ": is not an object with a role and a content, both text");
  return ok();
}

}  // namespace

ChatSession::ChatSession(Conversation& conversation, const std::string& system, GenerationOptions options,
                         Output output)
    : conversation_(conversation),
      options_(std::move(options)),
      output_(output),
      messages_(opening_messages(system)) {}

Status ChatSession::ask(const std::string& question) {
  Json before = messages_;
  messages_.push_back({{"role", "user"}, {"content", question}});
  Status answered = answer();
  if (!answered.ok()) messages_ = std::move(before);
  return answered;
}

Status ChatSession::regenerate() {
  Json before = messages_;
  if (!messages_.empty() && messages_.back()["role"] == "assistant") messages_.erase(messages_.size() - 1);
  if (messages_.empty() || messages_.back()["role"] != "user")
    return messages_ = std::move(before), invalid("there is no question to answer again");
  Status answered = answer();
  if (!answered.ok()) messages_ = std::move(before);
  return answered;
}

Status ChatSession::undo() {
  size_t question = messages_.size();
  while (question > 0 && messages_[question - 1]["role"] != "user") --question;
  if (question == 0) return invalid("there is nothing to undo");
  while (messages_.size() >= question) messages_.erase(messages_.size() - 1);
  return ok();
}

void ChatSession::clear() { messages_ = opening_messages(system()); }

std::string ChatSession::system() const {
  return has_system() ? messages_[0]["content"].get<std::string>() : std::string();
}

void ChatSession::set_system(const std::string& system) {
  Json messages = opening_messages(system);
  for (size_t i = has_system() ? 1 : 0; i < messages_.size(); ++i) messages.push_back(messages_[i]);
  messages_ = std::move(messages);
}

Status ChatSession::save(const std::filesystem::path& file) const {
  Json chat = {{"model", conversation_.description().name}, {"messages", messages_}};
  return write_file(file, chat.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Status ChatSession::load(const std::filesystem::path& file) {
  TENON_TRY(Json chat, read_json(file, kChatBytesMax));
  if (!chat.is_object() || !chat.contains("messages") || !chat["messages"].is_array())
    return invalid(file.string() + ": has no list of messages, expected one as /save writes it");
  size_t number = 0;
  for (const Json& message : chat["messages"])
    TENON_TRY(check_message(message, file.string() + ": messages[" + std::to_string(number++) + "]"));
  messages_ = chat["messages"];
  return ok();
}

// The command line's own table says what there is, and checks values.
Status ChatSession::set(const std::string& name, const std::string& value) {
  GenerationOptions changed = options_;
  if (name == "stop") changed.stops.clear();
  CLI::App table;
  changed.add_to(table);
  try {
    if (table.get_option("--" + name)->get_expected_max() == 0)
      return invalid(name + ": is a switch, not a value");
    table.parse(std::vector<std::string>{value, "--" + name});
  } catch (const CLI::OptionNotFound&) {
    std::vector<std::string> names;
    for (const CLI::Option* option : table.get_options()) names.push_back(option->get_name().substr(2));
    return invalid(printable(name) + ": is not a setting" + did_you_mean(name, names));
  } catch (const CLI::ParseError& e) {
    return invalid(e.what());
  }
  options_ = std::move(changed);
  return ok();
}

Status ChatSession::answer() {
  TENON_TRY(std::string prompt, conversation_.render(messages_, options_));
  EngineStats before = conversation_.stats();
  TerminalView terminal(thoughts_);
  NoView none;
  AnswerView& view = output_ == Output::kJson ? static_cast<AnswerView&>(none) : terminal;
  TENON_TRY(Answer answer, conversation_.answer({prompt, options_, Conversation::Form::kChat}, view));
  terminal.finish(answer.thought_tokens);
  keep(std::move(answer), before);
  if (std::printf("%s\n", output_ == Output::kJson ? dump_line(json_of(*last_)).c_str() : "") < 0 ||
      std::fflush(stdout) != 0)
    return io_error("standard output", errno);
  return ok();
}

void ChatSession::keep(Answer answer, const EngineStats& before) {
  EngineStats now = conversation_.stats();
  Json message = {{"role", "assistant"}, {"content", answer.text}};
  if (!answer.thought.empty()) message["reasoning_content"] = answer.thought;
  messages_.push_back(std::move(message));
  last_ = {std::move(answer), now.cache.reused_tokens - before.cache.reused_tokens,
           now.drafted - before.drafted, now.accepted - before.accepted};
}

Json json_of(const AnswerStats& stats) {
  const Answer& answer = stats.answer;
  Json object = {{"content", answer.text}};
  if (!answer.thought.empty()) object["reasoning"] = answer.thought;
  object["ending"] = name_of(answer.ending);
  object["prompt_tokens"] = answer.prompt_tokens;
  object["cached_tokens"] = stats.reused_tokens;
  object["output_tokens"] = answer.output_tokens;
  object["reasoning_tokens"] = answer.thought_tokens;
  object["prefill_seconds"] = answer.prefill_seconds;
  object["decode_seconds"] = answer.decode_seconds;
  if (stats.drafted > 0) object["drafted"] = stats.drafted, object["accepted"] = stats.accepted;
  return object;
}

std::string dump_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string text_of(const AnswerStats& stats) {
  const Answer& answer = stats.answer;
  char line[400];
  std::snprintf(line, sizeof line,
                "%u prompt tokens, %llu of them found in the cache, %.0f a second; "
                "%u output tokens, %u of them thoughts, %.0f a second; ended by %s\n",
                answer.prompt_tokens, static_cast<unsigned long long>(stats.reused_tokens),
                prefill_rate(answer), answer.output_tokens, answer.thought_tokens, decode_rate(answer),
                name_of(answer.ending));
  std::string text = line;
  if (stats.drafted == 0) return text;
  std::snprintf(line, sizeof line, "%llu tokens guessed, %.1f %% of them right\n",
                static_cast<unsigned long long>(stats.drafted),
                100.0 * static_cast<double>(stats.accepted) / static_cast<double>(stats.drafted));
  return text + line;
}

}  // namespace tenon::cli
