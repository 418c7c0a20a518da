// The chat on a terminal: questions typed line by line, answers shown as they come, the conversation kept.
// Standard output carries the answers only; prompts, thoughts and reports go to standard error.
#pragma once
#include "chat_session.hpp"

namespace tenon::cli {

// Until /quit or the end of input. Returns the exit code.
Result<int> chat(ChatSession& session);

}  // namespace tenon::cli
