// A chat as it stands: what was said, how to go on, and what the last answer took. It shows answers as they
// come; all else is for its user to show. One thread.
#pragma once
#include "conversation.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace tenon::cli {

// How answers are shown.
enum class Output : uint8_t {
  kText,
  kJson,  // a line of JSON per answer on standard output, when it is complete
};

struct AnswerStats {
  Answer answer;
  uint64_t reused_tokens = 0;  // of the prompt, found in the prefix cache
  uint64_t drafted = 0, accepted = 0;
};

class ChatSession {
 public:
  ChatSession(Conversation& conversation, const std::string& system, GenerationOptions options, Output output);

  // Answers a question and keeps both. If that fails the chat is as before.
  Status ask(const std::string& question);
  // Answers the last question again. Fails if there is none.
  Status regenerate();
  // Forgets the last question and its answer. What stood before is in the prefix cache still, so the next
  // question computes nothing of it again. Fails if there is none.
  Status undo();
  // Forgets everything but the system message.
  void clear();
  // Replaces the system message, or removes it, from the next question on.
  void set_system(const std::string& system);

  // Writes the messages as JSON, or puts those of a file in place of the present ones.
  Status save(const std::filesystem::path& file) const;
  Status load(const std::filesystem::path& file);

  // Sets an option of generation as the command line names it, without the dashes: "temperature", "0.5".
  Status set(const std::string& name, const std::string& value);

  const Json& messages() const { return messages_; }
  std::string system() const;
  const Conversation& conversation() const { return conversation_; }
  GenerationOptions& options() { return options_; }
  Thoughts& thoughts() { return thoughts_; }
  // Of the last answer; nothing before the first.
  const std::optional<AnswerStats>& last() const { return last_; }

 private:
  Status answer();
  void keep(Answer answer, const EngineStats& before);
  bool has_system() const { return !messages_.empty() && messages_[0]["role"] == "system"; }

  Conversation& conversation_;
  GenerationOptions options_;
  Output output_;
  Thoughts thoughts_ = Thoughts::kShown;
  Json messages_;
  std::optional<AnswerStats> last_;
};

// One answer as a JSON object: content, reasoning, what ended it, tokens, seconds.
Json json_of(const AnswerStats& stats);

// On one line, with what is not UTF-8 replaced.
std::string dump_line(const Json& json);

// Two lines: what the answer took, and what the caches and guesses gave. Ends with a newline.
std::string text_of(const AnswerStats& stats);

}  // namespace tenon::cli
