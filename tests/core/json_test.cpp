#include <tests/testing/temp_dir.hpp>

#include <tenon/base/json.hpp>

namespace tenon::testing {
namespace {

std::string refusal(std::string_view text) { return refusal_of(parse_json(text, "x.json")); }

TEST(Json, KeepsTheOrderOfKeys) {
  auto parsed = parse_json(R"({"z": 1, "a": [2, {"y": 3, "b": 4}]})", "x.json");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().dump(), R"({"z":1,"a":[2,{"y":3,"b":4}]})");
}

TEST(Json, NamesTheByteThatIsWrong) {
  EXPECT_EQ(refusal(""), "x.json: is not valid JSON at byte 1, expected RFC 8259");
  EXPECT_EQ(refusal("[1,]"), "x.json: is not valid JSON at byte 4, expected RFC 8259");
  EXPECT_EQ(refusal("{\"a\": tru}"), "x.json: is not valid JSON at byte 10, expected RFC 8259");
}

TEST(Json, RefusesWhatIsNotRfc8259) {
  for (const char* text : {" ",
                           "{",
                           "[",
                           "\"",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{a: 1}",
                           "{'a': 1}",
                           "[1 2]",
                           "[1] 2",
                           "[01]",
                           "[1.]",
                           "[.5]",
                           "[+1]",
                           "[0x1]",
                           "[1e]",
                           "[--1]",
                           "nul",
                           "[True]",
                           "// c\n1",
                           "[/* c */]",
                           "[NaN]",
                           "[Infinity]",
                           "[-Infinity]",
                           "\"\t\"",
                           "\"\\x41\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\ud800\\u0041\"",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "{\"\xff\": 1}"})
    EXPECT_TRUE(refusal(text).starts_with("x.json: is not valid JSON at byte "))
        << text << ": " << refusal(text);
  EXPECT_NE(refusal(std::string_view("[1]\0", 4)), "");
  EXPECT_NE(refusal(std::string_view("\"a\0b\"", 5)), "");
}

TEST(Json, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(refusal("[1e999]"), "x.json: has a number that is out of range, expected a double");
  EXPECT_EQ(refusal("{\"a\": -1e400}"), "x.json: has a number that is out of range, expected a double");
  EXPECT_EQ(refusal("[1e-999]"), "");  // is 0
  EXPECT_EQ(refusal("[123456789012345678901234567890]"), "");
}

TEST(Json, RefusesAKeyGivenTwice) {
  EXPECT_EQ(refusal(R"({"a": 1, "b": 2, "a": 3})"), "x.json: gives the key \"a\" twice");
  EXPECT_EQ(refusal(R"([{"x": {"a": 1, "\u0061": 2}}])"), "x.json: gives the key \"a\" twice");
  EXPECT_EQ(refusal(R"({"": 1, "": 2})"), "x.json: gives the key \"\" twice");
  EXPECT_EQ(refusal("{\"\\u001b[2J\": 1, \"\\u001b[2J\": 2}"), "x.json: gives the key \"\\x1b[2J\" twice");
  EXPECT_EQ(refusal(R"([{"a": 1}, {"a": 2}, {"b": {"a": 3}, "a": 4}])"), "");
}

TEST(Json, RefusesDeepNesting) {
  EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_EQ(refusal(std::string(65, '[') + std::string(65, ']')), "x.json: is nested more than 64 deep");
  EXPECT_EQ(refusal(std::string(1'000'000, '[')), "x.json: is nested more than 64 deep");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(refusal(objects), "x.json: is nested more than 64 deep");
  EXPECT_EQ(refusal_of(parse_json("[[1]]", "x", 1)), "x: is nested more than 1 deep");
}

std::string object_of(int keys) {
  std::string text = "{";
  for (int i = 0; i < keys; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + "\":0";
  return text + "}";
}

TEST(Json, RefusesObjectsThatWouldTakeForEver) {
  // Keeping the order costs a comparison with every earlier key.
  EXPECT_EQ(refusal(object_of(10'000)), "");
  EXPECT_EQ(refusal(object_of(10'001)), "x.json: has an object of more than 10000 keys");
  EXPECT_EQ(refusal(object_of(300'000)), "x.json: has an object of more than 10000 keys");
}

TEST(Json, SortedObjectsMayHaveManyKeys) {
  auto parsed = parse_sorted_json(object_of(300'000), "x.json");
  ASSERT_TRUE(parsed.ok()) << parsed.error().text;
  EXPECT_EQ(parsed.value().size(), 300'000u);
}

TEST(Json, SortedObjectsObeyTheSameRules) {
  EXPECT_EQ(refusal_of(parse_sorted_json(R"({"a": 1, "a": 2})", "x")), "x: gives the key \"a\" twice");
  EXPECT_EQ(refusal_of(parse_sorted_json(std::string(65, '['), "x")), "x: is nested more than 64 deep");
  EXPECT_EQ(refusal_of(parse_sorted_json("[1e999]", "x")),
            "x: has a number that is out of range, expected a double");
  EXPECT_EQ(refusal_of(parse_sorted_json("[", "x")), "x: is not valid JSON at byte 2, expected RFC 8259");
}

TEST(Json, ReadsFilesUpToALimit) {
  TempDir dir;
  std::string path = dir.write("a.json", "[1, 2]");
  EXPECT_EQ(refusal_of(read_json(path, 6)), "");
  EXPECT_EQ(refusal_of(read_json(path, 5)), path + ": is larger than 5 B, the limit for such a file");
  EXPECT_EQ(refusal_of(read_json(dir / "b.json", 5)),
            (dir / "b.json").string() + ": No such file or directory");
  EXPECT_EQ(refusal_of(read_json(dir.write("c.json", "["), 5)),
            (dir / "c.json").string() + ": is not valid JSON at byte 2, expected RFC 8259");
}

}  // namespace
}  // namespace tenon::testing
