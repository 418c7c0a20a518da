#include <tenon/base/text.hpp>
#include <tenon/text/chat_template.hpp>
#include <tenon/text/jinja_library.hpp>
#include <tenon/text/template_files.hpp>

namespace tenon {
namespace {

// A template's own text may come back in an error; one line of it is enough.
constexpr size_t kErrorBytesMax = 500;

Error shown(const std::string& who, const Error& error) {
  return {error.code, who + ": " + printable(error.text, kErrorBytesMax)};
}

}  // namespace

// Owns a compiled template.
class ChatTemplate::Handle {
 public:
  Handle(const jinja::Engine& engine, int64_t id) : engine_(engine), id_(id) {}
  ~Handle() { engine_.release(id_); }
  Handle(const Handle&) = delete;

  Result<std::string> render(const std::string& request, const std::string& special_tokens,
                             const Limits& limits) const {
    return engine_.render(id_, request, special_tokens, limits);
  }

 private:
  const jinja::Engine& engine_;
  int64_t id_;
};

Result<ChatTemplate> ChatTemplate::compile(std::string source, std::string who, const Json& special_tokens,
                                           const Limits& limits) {
  const auto& engine = get_jinja_engine();
  if (!engine.ok()) return shown(who, engine.error());
  if (!is_valid_utf8(source)) return invalid(who + ": is not valid UTF-8, expected UTF-8");
  auto compiled = engine.value()->compile(source, limits);
  if (!compiled.ok()) return shown(who, compiled.error());
  ChatTemplate made(std::move(who), special_tokens.dump(), limits);
  made.source_ = std::make_shared<const std::string>(std::move(source));
  made.handle_ = std::make_shared<const Handle>(*engine.value(), compiled.value());
  return made;
}

Result<ChatTemplate> ChatTemplate::load(const std::filesystem::path& path, const Limits& limits) {
  TENON_TRY(TemplateFiles files, read_template_files(path));
  return compile(std::move(files.source), std::move(files.who), files.special_tokens, limits);
}

ChatTemplate::ChatTemplate(std::string who, std::string special_tokens, const Limits& limits)
    : who_(std::move(who)), special_tokens_(std::move(special_tokens)), limits_(limits) {}

Result<std::string> ChatTemplate::render(const Json& request) const {
  // What is not UTF-8 shows as U+FFFD, since JSON text cannot carry it.
  return render_text(request.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<std::string> ChatTemplate::render_text(const std::string& request) const {
  if (!is_valid_utf8(request)) return invalid(who_ + ": request is not valid UTF-8, expected UTF-8");
  auto rendered = handle_->render(request, special_tokens_, limits_);
  if (!rendered.ok()) return shown(who_, rendered.error());
  return rendered;
}

}  // namespace tenon
