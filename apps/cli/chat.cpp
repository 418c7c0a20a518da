#include "chat.hpp"

#include <cstdio>
#include <iostream>

namespace tenon::cli {
namespace {

constexpr const char* kHelp =
    "Type a question. /new starts over, /exit (or Ctrl-D) leaves, Ctrl-C stops an answer.\n";

// What the model said, divided as chat templates want it back: its thoughts, if it had any, and its answer.
Json message_of(const std::string& prompt, const std::string& text) {
  static const std::string kOpen = "<think>", kClose = "</think>";
  Json message = {{"role", "assistant"}, {"content", text}};
  size_t close = text.find(kClose);
  if (close == std::string::npos) return message;
  size_t open = text.find(kOpen);
  bool opened_by_prompt = prompt.rfind(kOpen) != std::string::npos && prompt.rfind(kOpen) + 10 > prompt.size();
  if (open == std::string::npos && !opened_by_prompt) return message;
  size_t begin = open == std::string::npos ? 0 : open + kOpen.size();
  size_t answer = text.find_first_not_of('\n', close + kClose.size());
  message["reasoning_content"] = text.substr(begin, close - begin);
  message["content"] = answer == std::string::npos ? "" : text.substr(answer);
  return message;
}

// Returns false at the end of input.
bool read_line(std::string& line) {
  std::printf("\n> ");
  std::fflush(stdout);
  while (!std::getline(std::cin, line)) {
    if (!take_interrupt()) return false;
    std::cin.clear();
    std::clearerr(stdin);
    std::printf("\n> ");
    std::fflush(stdout);
  }
  return true;
}

}  // namespace

Result<int> chat(Conversation& conversation, const std::string& system, const GenerationOptions& options) {
  const Json beginning = opening_messages(system);
  Json messages = beginning;
  std::printf("%s. %s", conversation.description().name.c_str(), kHelp);
  for (std::string line; read_line(line);) {
    if (line == "/exit" || line == "/quit") break;
    if (line == "/new") messages = beginning;
    if (line == "/help") std::printf("%s", kHelp);
    if (line.empty() || line[0] == '/') continue;
    messages.push_back({{"role", "user"}, {"content", line}});
    TENON_TRY(std::string prompt, conversation.render(messages, options));
    auto answer = conversation.answer(prompt, options);
    if (!answer.ok()) {
      // A question that cannot be answered, such as one too long, does not end the chat.
      std::printf("tenon: %s\n", answer.error().text.c_str());
      messages.erase(messages.size() - 1);
      continue;
    }
    std::printf("\n");
    messages.push_back(message_of(prompt, answer.value().text));
  }
  std::printf("\n");
  return 0;
}

}  // namespace tenon::cli
