// tenon template: the text that a model gets for a chat.
#include "command.hpp"
#include "streams.hpp"

#include <tenon/text/chat_template.hpp>

#include <memory>
#include <optional>

namespace tenon::cli {
namespace {

struct Options {
  std::string path;
  std::optional<std::string> user, system;
  bool jsonl = false;
};

Json message(const char* role, const std::string& content) { return {{"role", role}, {"content", content}}; }

std::string short_chat(const Options& options) {
  Json messages = Json::array();
  if (options.system) messages.push_back(message("system", *options.system));
  if (options.user) messages.push_back(message("user", *options.user));
  return Json{{"messages", messages}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The request as text, once it is known to be strict JSON; text, so that it reaches the template digit for
// digit.
Result<std::string> checked_request(const std::string& text, const std::string& who) {
  TENON_TRY(Json request, parse_json(text, who));
  return request.is_array() ? "{\"messages\":" + text + "}" : text;
}

Result<Json> render_line(const ChatTemplate& chat_template, const std::string& line) {
  TENON_TRY(std::string request, checked_request(line, "line"));
  TENON_TRY(std::string rendered, chat_template.render_text(request));
  return Json{{"rendered", rendered}};
}

Result<std::string> read_request(const Options& options) {
  if (options.user || options.system) return short_chat(options);
  TENON_TRY(std::string text, read_input());
  return checked_request(text, "standard input");
}

Result<int> render(const Options& options) {
  TENON_TRY(ChatTemplate chat_template, ChatTemplate::load(options.path));
  if (options.jsonl)
    return answer_lines([&](const std::string& line) { return render_line(chat_template, line); });
  TENON_TRY(std::string request, read_request(options));
  TENON_TRY(std::string rendered, chat_template.render_text(request));
  TENON_TRY(write_output(rendered));
  return 0;
}

}  // namespace

void add_template(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "template",
      "Show the text that a model gets for a chat: standard input holds {\"messages\", \"tools\", "
      "\"add_generation_prompt\", \"kwargs\", \"bos_token\", \"eos_token\"}, or the list of messages alone");
  command->add_option("template", options->path, "A Jinja template, a GGUF file, or a model's directory")
      ->required();
  auto* jsonl =
      command->add_flag("--jsonl", options->jsonl, "Read one chat a line, write {\"rendered\"} for each");
  command->add_option("--user", options->user, "A chat of this one message")->excludes(jsonl);
  command->add_option("--system", options->system, "A system message before it")->excludes(jsonl);
  command->callback([options, &chosen] { chosen = [options] { return render(*options); }; });
}

}  // namespace tenon::cli
