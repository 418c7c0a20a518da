// Any text as a tokenizer.json: refused, or a tokenizer that takes text, its own file among others.
#include <tenon/text/tokenizer.hpp>

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  std::string_view json(reinterpret_cast<const char*>(data), size);
  auto tokenizer = Tokenizer::parse(json, "tokenizer.json");
  if (!tokenizer.ok()) return 0;
  for (std::string_view text : {std::string_view("Hello, w\xc3\xb6rld 12 \xe2\x80\xa6"), json.substr(0, 256)})
    for (AddedTokens added : {AddedTokens::kRecognised, AddedTokens::kIgnored})
      if (auto ids = tokenizer.value().encode(text, added); ids.ok())
        tokenizer.value().decode(ids.value(), SpecialTokens::kSkip);
  return 0;
}
