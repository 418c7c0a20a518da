// What a line that begins with / does in a chat.
#pragma once
#include "chat_session.hpp"

#include <string>

namespace tenon::cli {

enum class ChatStep : uint8_t { kGoOn, kQuit };

// Between two questions: the session, and text that /read puts before the next question.
struct ChatState {
  ChatSession& session;
  std::string read;
};

// Carries out "/name argument"; reports on standard error.
Result<ChatStep> run_chat_command(ChatState& state, const std::string& line);

// One line per command.
std::string chat_help();

}  // namespace tenon::cli
