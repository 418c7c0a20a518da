// The chat on a terminal: questions typed line by line, answers streamed, the conversation kept.
#pragma once
#include "conversation.hpp"

namespace tenon::cli {

// Until end of input. system: a message put before everything, or empty.
Result<int> chat(Conversation& conversation, const std::string& system, const GenerationOptions& options);

}  // namespace tenon::cli
