// Recorded ids and texts of the `tokenizers` library.
#include <tenon/text/stream_decoder.hpp>
#include <tenon/text/tokenizer.hpp>

#include "test_data.hpp"

namespace tenon {
namespace {

// Each line of cases: {"text": ..., "ids": [...], "decoded": ...}; without "decoded" it is the text.
void expect_equal_cases(const std::filesystem::path& file, const std::filesystem::path& cases) {
  auto tokenizer = Tokenizer::load(file);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().text;
  size_t count = 0;
  for (const std::string& line : read_lines(cases)) {
    Json wanted = Json::parse(line);
    auto text = wanted["text"].get<std::string>();
    auto ids = wanted["ids"].get<std::vector<int32_t>>();
    auto encoded = tokenizer.value().encode(text);
    ASSERT_TRUE(encoded.ok()) << encoded.error().text;
    EXPECT_EQ(encoded.value(), ids) << text;
    EXPECT_EQ(tokenizer.value().decode(ids), wanted.value("decoded", text));
    StreamDecoder stream(tokenizer.value());
    std::string streamed;
    for (int32_t id : ids) streamed += stream.push(id);
    EXPECT_EQ(streamed + stream.flush(), wanted.value("decoded", text));
    ++count;
  }
  EXPECT_GT(count, 0u);
}

TEST(TokenizerGolden, EqualsTheLibraryOnTheDemoModel) {
  expect_equal_cases(TENON_SOURCE "/models/demo/tokenizer.json", TENON_FIXTURES "/demo/tokenizer_cases.jsonl");
}

TEST(TokenizerGolden, EqualsTheLibraryOnQwen3Next) {
  TENON_OUTSIDE_DATA(folder, "tokenizer");
  expect_equal_cases(*folder / "tokenizer.json", *folder / "golden.jsonl");
}

}  // namespace
}  // namespace tenon
