// tenon run MODEL --batch FILE: many prompts at once.
#pragma once
#include "conversation.hpp"

namespace tenon::cli {

// Reads one request per line, {"prompt": ..., "max_tokens": ..., "temperature": ..., "seed": ...}, all but the
// prompt optional and over `options`; answers all of them at once; writes one line per request, in the same
// order:
// {"text": ..., "ids": [...], "finish_reason": "stop" or "length"}, or {"error": ...}. Nothing is run unless
// every line is good. Prompts go through the chat template unless is_raw. Returns the exit code.
Result<int> run_batch(Conversation& conversation, const std::filesystem::path& file, const std::string& system,
                      bool is_raw, const GenerationOptions& options);

}  // namespace tenon::cli
