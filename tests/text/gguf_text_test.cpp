// A tokenizer and a template from a GGUF file are the same as from the files they were made of.
#include "test_data.hpp"

#include <tests/testing/gguf_file.hpp>
#include <tests/testing/temp_dir.hpp>

#include <tenon/text/byte_level.hpp>
#include <tenon/text/chat_template.hpp>
#include <tenon/text/gguf_text.hpp>
#include <tenon/text/tokenizer.hpp>

namespace tenon::testing {
namespace {

std::string numbers(const std::vector<int32_t>& values) {
  std::string bytes;
  for (int32_t value : values) bytes += bytes_of_number(value);
  return bytes;
}

// A token for each byte, two merges, a control token, a user's token and one without use.
struct Small {
  std::vector<std::string> tokens;
  std::vector<int32_t> types;
  std::vector<std::string> merges = {"h i", "hi !"};
  std::string model = "gpt2", pre = "qwen2";

  Small() {
    for (int byte = 0; byte < 256; ++byte) add(letters_of(std::string(1, static_cast<char>(byte))), 1);
    add("hi", 1), add("hi!", 1), add("<|end|>", 3), add("<tool>", 4), add("[PAD]", 5);
  }
  void add(const std::string& token, int32_t type) { tokens.push_back(token), types.push_back(type); }
  std::string bytes() const {
    GgufFile file;
    file.text("tokenizer.ggml.model", model).text("tokenizer.ggml.pre", pre);
    file.texts("tokenizer.ggml.tokens", tokens).texts("tokenizer.ggml.merges", merges);
    file.array("tokenizer.ggml.token_type", GgufType::kI32, types.size(), numbers(types));
    return file.u32("tokenizer.ggml.eos_token_id", 258)
        .text("tokenizer.chat_template", "{{ eos_token }}")
        .bytes();
  }
};

std::string refusal(const Small& small) {
  TempDir dir;
  std::string path = dir.write("x.gguf", small.bytes());
  return replaced(refusal_of(Tokenizer::load(path)), path, "F");
}

TEST(GgufText, GivesATokenizer) {
  TempDir dir;
  auto loaded = Tokenizer::load(dir.write("x.gguf", Small().bytes()));
  ASSERT_TRUE(loaded.ok()) << refusal_of(loaded);
  const Tokenizer& tokenizer = loaded.value();
  EXPECT_EQ(tokenizer.encode("hi!<|end|><tool>").value(), (std::vector<int32_t>{256, '!', 258, 259}));
  EXPECT_EQ(tokenizer.encode("<|end|>", AddedTokens::kIgnored).value().size(), 7u);
  EXPECT_TRUE(tokenizer.is_special(258));
  EXPECT_FALSE(tokenizer.is_special(259));
  EXPECT_FALSE(tokenizer.find_id("[PAD]"));
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{257, 258, 259}, SpecialTokens::kSkip), "hi!<tool>");
}

TEST(GgufText, GivesATemplateWithItsSpecialTokens) {
  TempDir dir;
  auto loaded = ChatTemplate::load(dir.write("x.gguf", Small().bytes()));
  ASSERT_TRUE(loaded.ok()) << refusal_of(loaded);
  EXPECT_EQ(loaded.value().render(Json::parse(R"({"messages": []})")).value(), "<|end|>");
}

TEST(GgufText, RefusesWhatItCannotRead) {
  Small model, pre, types, merges, missing, special;
  model.model = "llama", pre.pre = "llama-bpe", types.types.pop_back(), merges.merges = {"h  i"};
  missing.merges = {"h hi"};
  special.merges = {"< |end|>"};
  special.tokens.push_back("|end|>"), special.types.push_back(1);
  EXPECT_EQ(refusal(model), "F: tokenizer.ggml.model is \"llama\", expected gpt2");
  EXPECT_EQ(refusal(pre), "F: tokenizer.ggml.pre is \"llama-bpe\", expected one of qwen2");
  EXPECT_EQ(refusal(types),
            "F: tokenizer.ggml.token_type has 260 entries, expected 261, as many as there are tokens");
  EXPECT_EQ(
      refusal(merges),
      "F: tokenizer.ggml.merges holds entry 0, \"h  i\", expected two tokens with one space between them");
  EXPECT_EQ(refusal(missing), "F: model.merges: entry 0: \"hhi\" is not in model.vocab, expected a token");
  EXPECT_EQ(refusal(special),
            "F: model.merges: entry 0: makes the added token \"<|end|>\", expected none that does");
}

TEST(GgufText, GivesWhatAnotherConverterKept) {
  TENON_OUTSIDE_DATA(path, "gguf/demo-Q8_0.gguf");
  TENON_OUTSIDE_DATA(json_path, "demo/checkpoint/tokenizer.json");
  Tokenizer from_json = std::move(Tokenizer::load(*json_path)).value();
  auto from_gguf = Tokenizer::load(*path);
  ASSERT_TRUE(from_gguf.ok()) << refusal_of(from_gguf);
  size_t compared = 0;
  for (const std::string& line : read_lines(TENON_FIXTURES "/demo/tokenizer_cases.jsonl")) {
    std::string text = Json::parse(line).value("text", "");
    EXPECT_EQ(from_gguf.value().encode(text).value(), from_json.encode(text).value()) << text;
    compared += !text.empty();
  }
  EXPECT_GT(compared, 100u);
  for (int32_t id = 0; id < from_json.vocabulary_size(); ++id) {
    EXPECT_EQ(from_gguf.value().bytes_of(id), from_json.bytes_of(id)) << id;
    EXPECT_EQ(from_gguf.value().is_special(id), from_json.is_special(id)) << id;
  }
}

}  // namespace
}  // namespace tenon::testing
