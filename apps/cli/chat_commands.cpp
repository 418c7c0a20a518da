#include "chat_commands.hpp"

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace tenon::cli {
namespace {

constexpr uint64_t kReadBytesMax = 4 << 20;

void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

// What the words after a command's name are, without the spaces around them.
using Argument = const std::string&;

Status help(ChatState&, Argument) {
  std::fprintf(stderr, "%s", chat_help().c_str());
  return ok();
}

Status clear(ChatState& state, Argument) {
  state.session.clear();
  state.read.clear();
  return ok();
}

Status set_system(ChatState& state, Argument text) {
  state.session.set_system(text);
  return ok();
}

Status set(ChatState& state, Argument text) {
  size_t space = text.find(' ');
  if (space == std::string::npos) return invalid("expected a name and a value: /set temperature 0.5");
  size_t value = text.find_first_not_of(' ', space);
  return state.session.set(text.substr(0, space), text.substr(value));
}

template <class T>
std::string or_default(const std::optional<T>& value, T standard) {
  T number = value.value_or(standard);
  if constexpr (std::is_floating_point_v<T>) return format_number(number);
  return std::to_string(number);
}

std::string settings_of(ChatSession& session) {
  const GenerationOptions& options = session.options();
  const GenerationSection& standard = session.conversation().description().generation;
  std::string text = "model        " + session.conversation().description().name + "\nsystem       " +
                     printable(session.system()) + "\nmessages     " +
                     std::to_string(session.messages().size());
  text += "\ntemperature  " + or_default<double>(options.temperature, standard.temperature);
  text += "\ntop-k        " + or_default<int32_t>(options.top_k, static_cast<int32_t>(standard.top_k));
  text += "\ntop-p        " + or_default<double>(options.top_p, standard.top_p);
  text += "\nmin-p        " + or_default<double>(options.min_p, standard.min_p);
  text += "\nseed         " + (options.seed ? std::to_string(*options.seed) : "new for each answer");
  text += "\nmax-tokens   " + (options.max_tokens > 0 ? std::to_string(options.max_tokens) : "what fits");
  text += "\nthinking     " + (options.thinking.empty() ? "as the template does" : options.thinking);
  return text + (session.thoughts() == Thoughts::kFolded ? ", folded" : ", shown");
}

Status show(ChatState& state, Argument what) {
  ChatSession& session = state.session;
  if (what.empty()) return say(settings_of(session)), ok();
  if (what == "messages") {
    for (const Json& message : session.messages())
      say(message["role"].get<std::string>() + ": " + message["content"].get<std::string>());
    return ok();
  }
  if (what != "thought") return invalid("expected /show, /show messages or /show thought");
  if (!session.last() || session.last()->answer.thought.empty())
    return invalid("the last answer has no thought");
  return say(session.last()->answer.thought), ok();
}

Status stats(ChatState& state, Argument) {
  if (!state.session.last()) return invalid("there is no answer yet");
  std::fprintf(stderr, "%s", text_of(*state.session.last()).c_str());
  return ok();
}

Status save(ChatState& state, Argument file) {
  if (file.empty()) return invalid("expected a file: /save chat.json");
  return state.session.save(file);
}

Status load(ChatState& state, Argument file) {
  if (file.empty()) return invalid("expected a file: /load chat.json");
  return state.session.load(file);
}

Status regenerate(ChatState& state, Argument) { return state.session.regenerate(); }
Status undo(ChatState& state, Argument) { return state.session.undo(); }

Status think(ChatState& state, Argument how) {
  if (how == "on" || how == "off") return state.session.options().thinking = how, ok();
  if (how != "fold" && how != "show") return invalid("expected on, off, fold or show");
  state.session.thoughts() = how == "fold" ? Thoughts::kFolded : Thoughts::kShown;
  return ok();
}

Status read(ChatState& state, Argument file) {
  if (file.empty()) return invalid("expected a file: /read notes.txt");
  TENON_TRY(std::string text, read_file(file, kReadBytesMax));
  if (!is_valid_utf8(text)) return invalid(file + ": is not valid UTF-8, expected text");
  say(format_bytes(text.size()) + " for the next question");
  state.read += text + "\n";
  return ok();
}

struct Command {
  const char* name;
  const char* argument;
  const char* help;
  Status (*run)(ChatState& state, Argument argument);  // none: leaves the chat
};

constexpr std::array kCommands = {
    Command{"help", "", "this list", help},
    Command{"clear", "", "forget what was said", clear},
    Command{"system", "TEXT", "say this before everything; nothing: say nothing", set_system},
    Command{"set", "NAME VALUE", "temperature, top-k, seed, stop and the like, as the options are called", set},
    Command{"show", "[messages|thought]", "the settings, what was said, or what the model thought", show},
    Command{"stats", "", "what the last answer took", stats},
    Command{"save", "FILE", "write the chat, as JSON", save},
    Command{"load", "FILE", "go on with a chat that was saved", load},
    Command{"regen", "", "answer the last question again", regenerate},
    Command{"undo", "", "forget the last question and its answer", undo},
    Command{"think", "on|off|fold|show", "whether the model thinks first, and whether that is shown", think},
    Command{"read", "FILE", "put a file's text before the next question", read},
    Command{"quit", "", "leave (also /exit, Ctrl-D)", nullptr},
};

std::string name_in(const std::string& line) {
  std::string name = line.substr(1, line.find(' ') - 1);
  if (name == "exit" || name == "bye") return "quit";
  if (name == "new") return "clear";
  return name == "?" ? "help" : name;
}

std::string argument_in(const std::string& line) {
  size_t begin = line.find_first_not_of(' ', std::min(line.find(' '), line.size()));
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_last_not_of(' ') + 1 - begin);
}

}  // namespace

std::string chat_help() {
  std::string text;
  for (const Command& command : kCommands) {
    std::string usage = std::string("/") + command.name + " " + command.argument;
    usage.resize(std::max<size_t>(usage.size(), 26), ' ');
    text += usage + command.help + "\n";
  }
  return text + "\"\"\" begins and ends a question of several lines. Ctrl-C stops an answer.\n";
}

Result<ChatStep> run_chat_command(ChatState& state, const std::string& line) {
  std::string name = name_in(line);
  auto command = std::find_if(kCommands.begin(), kCommands.end(),
                              [&](const Command& candidate) { return candidate.name == name; });
  if (command == kCommands.end()) {
    std::vector<std::string> names;
    for (const Command& known : kCommands) names.push_back(known.name);
    return invalid("/" + printable(name) + ": is not a command" + did_you_mean(name, names) +
                   ", expected one of /help");
  }
  if (command->run == nullptr) return ChatStep::kQuit;
  Status done = command->run(state, argument_in(line));
  if (!done.ok()) return prefixed("/" + name, done.error());
  return ChatStep::kGoOn;
}

}  // namespace tenon::cli
