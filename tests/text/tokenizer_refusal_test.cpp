// Files that are malformed or ask for something else: each is refused with one line that names the field.
#include "small_tokenizer.hpp"

namespace tenon {
namespace {

// Sets one value, found by a path such as /model/type, and gives the reason of the refusal.
std::string refusal_with(const std::string& path, const Json& value) {
  SmallTokenizer small;
  small.document[Json::json_pointer(path)] = value;
  return small.refusal();
}

std::string refusal_of(const std::string& text) {
  auto parsed = Tokenizer::parse(text, "x.json");
  return parsed.ok() ? "" : parsed.error().text;
}

TEST(TokenizerRefusal, NamesAnotherModelType) {
  EXPECT_EQ(refusal_with("/model/type", "WordPiece"),
            "small.json: model.type: is \"WordPiece\", expected \"BPE\"");
  EXPECT_EQ(refusal_of(R"({"pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"},
                           "model": {"type": "Unigram", "vocab": [["a", -1.5], ["b", -2]]}})"),
            "x.json: model.type: is \"Unigram\", expected \"BPE\"");
}

TEST(TokenizerRefusal, NamesTheFieldThatWouldChangeIds) {
  EXPECT_EQ(refusal_with("/normalizer/type", "NFKC"),
            "small.json: normalizer.type: is \"NFKC\", expected null or \"NFC\"");
  EXPECT_EQ(refusal_with("/normalizer", "NFC"), "small.json: normalizer: is \"NFC\", expected an object");
  EXPECT_EQ(refusal_with("/truncation", {{"max_length", 5}}),
            "small.json: truncation: is an object, expected null");
  EXPECT_EQ(refusal_with("/padding", {{"strategy", "x"}}), "small.json: padding: is an object, expected null");
  EXPECT_EQ(refusal_with("/model/dropout", 0.1), "small.json: model.dropout: is 0.1, expected null or 0");
  EXPECT_EQ(refusal_with("/model/unk_token", "<unk>"),
            "small.json: model.unk_token: is \"<unk>\", expected null");
  EXPECT_EQ(refusal_with("/model/byte_fallback", true),
            "small.json: model.byte_fallback: is true, expected null or false");
  EXPECT_EQ(refusal_with("/model/end_of_word_suffix", "</w>"),
            "small.json: model.end_of_word_suffix: is \"</w>\", expected null or \"\"");
  EXPECT_EQ(refusal_with("/pre_tokenizer/add_prefix_space", true),
            "small.json: pre_tokenizer.add_prefix_space: is true, expected false");
  EXPECT_EQ(refusal_with("/decoder/type", "WordPiece"),
            "small.json: decoder.type: is \"WordPiece\", expected \"ByteLevel\"");
  EXPECT_EQ(refusal_with("/post_processor", {{"type", "TemplateProcessing"}}),
            "small.json: post_processor.type: is \"TemplateProcessing\", expected null or \"ByteLevel\"");
}

TEST(TokenizerRefusal, NamesTablesOfAnotherKind) {
  EXPECT_EQ(refusal_with("/model/vocab", Json::array()),
            "small.json: model.vocab: is an array, expected an object of tokens and ids");
  EXPECT_EQ(refusal_with("/model/merges", 5), "small.json: model.merges: is 5, expected an array of pairs");
  EXPECT_EQ(refusal_with("/model", nullptr), "small.json: model.type: is null, expected \"BPE\"");
}

TEST(TokenizerRefusal, NamesFieldsThatItDoesNotKnow) {
  EXPECT_EQ(refusal_with("/model/new_rule", 1),
            "small.json: model.new_rule: is not a field that this reader knows, expected none");
  EXPECT_EQ(refusal_with("/extra", 1),
            "small.json: extra: is not a field that this reader knows, expected none");
}

TEST(TokenizerRefusal, NamesASequenceOfAnotherKind) {
  auto refusal = [](const std::string& steps) {
    return refusal_with("/pre_tokenizer",
                        Json::parse(R"({"type": "Sequence", "pretokenizers": )" + steps + "}"));
  };
  const std::string where = "small.json: pre_tokenizer.pretokenizers.";
  EXPECT_EQ(refusal("[]"), where + "0.type: is null, expected \"Split\"");
  EXPECT_EQ(refusal("3"), "small.json: pre_tokenizer.pretokenizers: is 3, expected an object");
  EXPECT_EQ(refusal(R"([{"type": "Digits"}])"), where + "0.type: is \"Digits\", expected \"Split\"");
  EXPECT_EQ(refusal(R"([{"type": "Split", "behavior": "Removed"}])"),
            where + "0.behavior: is \"Removed\", expected \"Isolated\"");
  EXPECT_EQ(refusal(R"([{"type": "Split", "behavior": "Isolated", "pattern": {"String": " "}},
                        {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}])"),
            where + "0.pattern.Regex: is null, expected a regular expression");
  EXPECT_EQ(refusal(R"([{"type": "Split", "behavior": "Isolated", "pattern": {"Regex": "("}},
                        {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}])"),
            "small.json: pre_tokenizer: pattern: missing closing parenthesis, expected a regular expression");
}

TEST(TokenizerRefusal, NamesTokensAndIdsGivenTwice) {
  SmallTokenizer twice_id;
  twice_id.document["model"]["vocab"]["xy"] = 65;
  EXPECT_EQ(twice_id.refusal(), "small.json: id 65 belongs to \"A\" and \"xy\", expected one token");
  SmallTokenizer other_id;
  other_id.document["model"]["vocab"]["<|end|>"] = other_id.next_id++;
  other_id.add("<|end|>");
  EXPECT_EQ(other_id.refusal(), "small.json: added_tokens: \"<|end|>\" has the ids 256 and 257, expected one");
  SmallTokenizer twice_added;
  twice_added.add("<a>").add("<a>");
  EXPECT_EQ(twice_added.refusal(), "small.json: added_tokens: \"<a>\" stands there twice, expected once");
  EXPECT_EQ(refusal_of(R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
                           "decoder": {"type": "ByteLevel"},
                           "model": {"type": "BPE", "vocab": {"a": 1, "a": 2}, "merges": []}})"),
            "x.json: model.vocab: \"a\" has the ids 1 and 2, expected one");
  EXPECT_EQ(refusal_of(R"({"version": "1.0", "version": "1.0"})"), "x.json: gives the key \"version\" twice");
}

TEST(TokenizerRefusal, NamesIdsOutOfRange) {
  EXPECT_EQ(refusal_with("/model/vocab/x1", -1),
            "small.json: model.vocab: id of \"x1\" is -1, expected 0 to 2147483647");
  EXPECT_EQ(refusal_with("/model/vocab/x1", 2147483648),
            "small.json: model.vocab: id of \"x1\" is 2147483648, expected 0 to 2147483647");
  EXPECT_EQ(refusal_with("/model/vocab/x1", 1.5),
            "small.json: model.vocab: id of \"x1\" is of type number, expected an integer");
  EXPECT_EQ(refusal_with("/model/vocab/x1", {{"a", 1}}),
            "small.json: model.vocab: id of \"x1\" is of type object, expected an integer");
  EXPECT_EQ(refusal_with("/model/vocab/x1", INT32_MAX), "");
}

TEST(TokenizerRefusal, NamesBytesWithoutAToken) {
  SmallTokenizer small;
  small.document["model"]["vocab"].erase("Ġ");
  EXPECT_EQ(small.refusal(), "small.json: model.vocab: \"Ġ\" is missing, expected a token for each byte");
}

TEST(TokenizerRefusal, NamesTheMergeThatIsWrong) {
  const std::string where = "small.json: model.merges: entry 0 ";
  EXPECT_EQ(refusal_with("/model/merges", {"ab"}),
            where + "is \"ab\", expected two tokens with one space between them");
  EXPECT_EQ(refusal_with("/model/merges", {"a b c"}),
            where + "is \"a b c\", expected two tokens with one space between them");
  EXPECT_EQ(refusal_with("/model/merges", {5}), where + "holds a value of type number, expected text");
  EXPECT_EQ(refusal_with("/model/merges", {{"a", "b", "c"}}), where + "is not a pair, expected 2 tokens");
  EXPECT_EQ(refusal_with("/model/merges", Json::parse(R"([["a", ["b"]]])")),
            where + "holds a value of type array, expected text");
  EXPECT_EQ(refusal_with("/model/merges", {"a b"}),
            "small.json: model.merges: entry 0: \"ab\" is not in model.vocab, expected a token");
  EXPECT_EQ(refusal_with("/model/merges", {"aa b"}),
            "small.json: model.merges: entry 0: \"aa\" is not in model.vocab, expected a token");
}

TEST(TokenizerRefusal, KeepsMergesFromMakingAddedTokens) {
  SmallTokenizer small;
  small.merge("<", "a");
  small.document["added_tokens"].push_back({{"id", 256}, {"content", "<a"}});
  EXPECT_EQ(small.refusal(),
            "small.json: model.merges: entry 0: makes the added token \"<a\", expected none that does");
}

TEST(TokenizerRefusal, NamesTheAddedTokenThatIsWrong) {
  auto refusal = [](const std::string& token) {
    return refusal_with("/added_tokens", Json::parse("[" + token + "]"));
  };
  const std::string where = "small.json: added_tokens.0";
  EXPECT_EQ(refusal("7"), where + ": is 7, expected an object");
  EXPECT_EQ(refusal(R"({"content": "x"})"), where + ".id: is null, expected an integer from 0 to 2147483647");
  EXPECT_EQ(refusal(R"({"id": 4294967296, "content": "x"})"),
            where + ".id: is 4294967296, expected an integer from 0 to 2147483647");
  EXPECT_EQ(refusal(R"({"id": 300, "content": ""})"),
            where + ".content: is \"\", expected a text that is not empty");
  EXPECT_EQ(refusal(R"({"id": 300, "content": "x", "special": 1})"),
            where + ".special: is 1, expected true or false");
  EXPECT_EQ(refusal(Json({{"id", 300}, {"content", std::string(2000, 'x')}}).dump()),
            where + ".content: has 2000 bytes, expected at most 1024");
  EXPECT_EQ(refusal_with("/added_tokens", {{"a", 1}}),
            "small.json: added_tokens: is an object, expected an array");
}

TEST(TokenizerRefusal, GivesTheByteWhereTheJsonEnds) {
  EXPECT_EQ(refusal_of("{\"version\": "), "x.json: is not valid JSON at byte 13, expected RFC 8259");
  EXPECT_EQ(refusal_of("\xff"), "x.json: is not valid JSON at byte 1, expected RFC 8259");
  EXPECT_EQ(refusal_of("[]"), "x.json: document: is an array, expected an object");
}

TEST(TokenizerRefusal, BoundsDepthAndNumberOfValues) {
  EXPECT_EQ(refusal_of(std::string(100000, '[')), "x.json: is nested more than 64 deep");
  std::string many = "[0";
  for (int i = 0; i < 1000001; ++i) many += ",0";
  EXPECT_EQ(refusal_of(many + "]"), "x.json: holds more than 1000000 values");
  std::string keys = "{\"k\":0";
  for (int i = 0; i < 100; ++i) keys += ",\"k" + std::to_string(i) + "\":0";
  EXPECT_EQ(refusal_of(keys + "}"), "x.json: has an object with more than 64 keys");
}

TEST(TokenizerRefusal, SurvivesEveryCutAndEveryChangedByte) {
  SmallTokenizer small;
  small.merge("a", "b").add("<a>", {"special"});
  const std::string whole = small.document.dump();
  for (size_t size = 0; size < whole.size(); size += 7) EXPECT_NE(refusal_of(whole.substr(0, size)), "");
  for (size_t at = 0; at < whole.size(); at += 3) {
    for (char byte : {'\0', '"', '[', '}', ',', '9', '\xff'}) {
      std::string changed = whole;
      changed[at] = byte;
      refusal_of(changed);  // may be fine; must not crash
    }
  }
}

TEST(TokenizerRefusal, NamesAFileThatCannotBeRead) {
  auto loaded = Tokenizer::load("/nonexistent/tokenizer.json");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, TENON_IO);
  EXPECT_EQ(loaded.error().text, "/nonexistent/tokenizer.json: No such file or directory");
}

}  // namespace
}  // namespace tenon
