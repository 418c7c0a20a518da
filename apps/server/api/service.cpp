#include <apps/server/api/service.hpp>

#include <apps/common/loaded_model.hpp>

#include <tenon/model/assembly.hpp>

#include <chrono>

namespace tenon::api {
namespace {

int64_t seconds_since_1970() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

Result<std::unique_ptr<Service>> Service::make(const Assembly& assembly, AsyncEngine& engine,
                                               ServiceOptions options) {
  std::unique_ptr<Service> made(new Service(assembly, engine, std::move(options)));
  TENON_TRY(made->load_text());
  made->pump_ = std::make_shared<Pump>();
  return made;
}

Service::Service(const Assembly& assembly, AsyncEngine& engine, ServiceOptions options)
    : assembly_(assembly), engine_(engine), options_(std::move(options)), created_(seconds_since_1970()) {
  if (options_.model_name.empty()) options_.model_name = description().name;
}

const ModelDescription& Service::description() const { return assembly_.description(); }

uint32_t Service::context() const { return std::min(assembly_.limits().context_max, assembly_.tokens_max()); }

Status Service::load_text() {
  const TextSection& text = description().text;
  TENON_TRY(tokenizer_, load_tokenizer(description(), "a server needs one"));
  marks_.emplace(*tokenizer_);
  markers_ = AnswerMarkers(*tokenizer_);
  forms_ = std::make_unique<AnswerForms>(*tokenizer_);
  if (text.chat_template.empty()) return ok();
  TENON_TRY(template_, ChatTemplate::load(text.chat_template));
  tool_format_ = options_.tool_format.value_or(tool_format_of(template_->source()));
  return ok();
}

}  // namespace tenon::api
