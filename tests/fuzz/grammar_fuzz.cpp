// A byte for the kind, and any text as a schema, an expression or a tool's schema: refused, or a grammar that
// reads bytes and knows which tokens may come, and never gets stuck where it said that one may.
#include <tenon/text/grammar/compile.hpp>
#include <tenon/text/grammar/grammar.hpp>

#include <cstdlib>

namespace {

const std::shared_ptr<const tenon::grammar::TokenTrie>& tokens() {
  static const auto made = [] {
    static std::vector<std::string> texts;
    for (int byte = 0; byte < 256; ++byte) texts.push_back(std::string(1, static_cast<char>(byte)));
    for (const char* text : {"{\"", "\":", "\",\"", "[[", "]}", "true", "10", "ab", "\xc3\xa4"})
      texts.push_back(text);
    std::vector<std::string_view> views(texts.begin(), texts.end());
    return std::make_shared<const tenon::grammar::TokenTrie>(views);
  }();
  return made;
}

tenon::grammar::Specification specification_of(uint8_t kind, std::string text) {
  using namespace tenon::grammar;
  if (kind % 4 == 0) return Specification::json_schema(std::move(text));
  if (kind % 4 == 1) return Specification::regex(std::move(text));
  Specification made{Specification::Kind::kTools, {}, {}, {{"f", std::move(text)}}};
  made.format = kind % 4 == 2 ? ToolFormat::kHermes : ToolFormat::kQwen3Coder;
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon::grammar;
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto automaton =
      compile(specification_of(data[0], std::move(text)), {.cpu_ms_max = 100, .bytes_max = 8 << 20});
  if (!automaton.ok()) return 0;
  Matcher matcher(std::make_shared<const Grammar>(std::move(automaton).value(), tokens()));
  for (size_t i = 0; i < 40 && matcher.may_go_on(); ++i) {
    auto mask = matcher.allowed();
    size_t token = data[i % size] % (mask.size() * 64), tried = 0;
    while (!(mask[token / 64] >> (token % 64) & 1) && ++tried < mask.size() * 64)
      token = (token + 1) % (mask.size() * 64);
    if (tried == mask.size() * 64 || !matcher.accept(static_cast<int32_t>(token))) std::abort();
  }
  return 0;
}
