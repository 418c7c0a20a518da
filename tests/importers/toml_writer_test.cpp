// What the writer writes reads back as what it was given.
#include <importers/toml_writer.hpp>

#include <tenon/model/toml_reader.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tenon::testing {
namespace {

toml::table read_back(const TomlWriter& writer) {
  auto table = parse_toml(writer.text(), "written");
  EXPECT_TRUE(table.ok()) << table.error().text << "\n" << writer.text();
  return table.ok() ? std::move(table).value() : toml::table();
}

// The value after it has been written and read.
template <class Value>
std::optional<Value> round_trip(const Value& value, const std::string& comment = "") {
  TomlWriter writer;
  writer.key("x", value, comment);
  return read_back(writer)["x"].template value_exact<Value>();
}

TEST(TomlWriter, StringsReadBackAsTheyWere) {
  std::string every_control;
  for (char c = 1; c < 0x20; ++c) every_control += c;
  for (const std::string& text :
       {std::string(), std::string("plain"), std::string("say \"hi\""), std::string("C:\\path\\"),
        std::string("two\nlines\r\n"), std::string("'''"), std::string("\"\"\""), std::string("a # b"),
        std::string("x\"\n[model]\nname = \"y"), std::string("{layer}"), std::string("\x7f"), every_control,
        std::string("nul\0nul", 7), std::string("Grüße, 世界 🙂"), std::string("\\u0041")})
    EXPECT_EQ(round_trip(text), text);
}

TEST(TomlWriter, AStringStaysOnItsLine) {
  for (const char* text : {"a\nb", "a\rb", "a\x0b", "a\x1b[2J"}) {
    std::string quoted = TomlWriter::quoted(text);
    for (char c : quoted) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << quoted;
  }
}

TEST(TomlWriter, ACommentCannotBecomeACode) {
  TomlWriter writer;
  writer.section("a", "first\n[b]");
  writer.comment("from /models/x\nevil = 1\r\x1b[2J");
  writer.key("x", int64_t{1}, "why");
  toml::table table = read_back(writer);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table["a"].as_table()->size(), 1u);
}

TEST(TomlWriter, NumbersReadBackToTheLastBit) {
  for (double value : {0.0, -0.0, 1.0, 0.1, 1e-6, 1e7, 1e16, 1e17, -2.5, 1.0 / 3, 5e-324,
                       std::numeric_limits<double>::max(), std::numeric_limits<double>::infinity()}) {
    std::optional<double> read = round_trip(value);
    ASSERT_TRUE(read) << value;
    EXPECT_EQ(*read, value);
    EXPECT_EQ(std::signbit(*read), std::signbit(value));
  }
  EXPECT_TRUE(std::isnan(round_trip(std::nan("")).value()));
}

TEST(TomlWriter, WholeNumbersAndBoolsKeepTheirTypes) {
  for (int64_t value : {int64_t{0}, int64_t{-1}, INT64_MAX, INT64_MIN}) EXPECT_EQ(round_trip(value), value);
  EXPECT_EQ(round_trip(true), true);
  EXPECT_EQ(round_trip(false, "with a comment"), false);
}

TEST(TomlWriter, AStringLiteralIsNoBool) {
  TomlWriter writer;
  writer.key("x", "text");
  EXPECT_EQ(writer.text(), "x = \"text\"\n");
}

TEST(TomlWriter, ListsReadBack) {
  TomlWriter writer;
  writer.raw_key("none", TomlWriter::list(std::vector<int64_t>{}));
  writer.raw_key("numbers", TomlWriter::list(std::vector<int64_t>{1, -2, 3}));
  writer.raw_key("texts", TomlWriter::list(std::vector<std::string>{"a", "b\"c"}));
  toml::table table = read_back(writer);
  EXPECT_TRUE(table["none"].as_array()->empty());
  EXPECT_EQ(table["numbers"].as_array()->size(), 3u);
  EXPECT_EQ(table["numbers"][1].value<int64_t>(), -2);
  EXPECT_EQ(table["texts"][1].value<std::string>(), "b\"c");
}

TEST(TomlWriter, CommentsOfNeighbouringLinesAreAligned) {
  TomlWriter writer;
  writer.key("a", int64_t{1}, "one");
  writer.key("long_name", int64_t{2}, "two");
  writer.section("next", "Another.");
  writer.key("b", int64_t{3}, "three");
  EXPECT_EQ(writer.text(),
            "a = 1          # one\n"
            "long_name = 2  # two\n"
            "\n"
            "# Another.\n"
            "[next]\n"
            "b = 3  # three\n");
}

}  // namespace
}  // namespace tenon::testing
