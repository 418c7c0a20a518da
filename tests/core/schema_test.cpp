#include <tests/testing/temp_dir.hpp>

#include <tenon/model/config_object.hpp>

#include <cmath>

namespace tenon::testing {
namespace {

constexpr const char* kGood = R"(
heads    : int >=1              # query heads
head_dim : int >=32 %32 <=1024  # elements per head
scale    : float >0 <1 = 0.5    # a share
kv_type  : choice f32|bf16 = f32
bias     : bool = false         # whether there is one
name     : string = a name of words
free     : float = -1e3
)";

Schema good() { return Schema::parse(kGood).value(); }

using Entries = std::map<std::string, ConfigValue>;

ConfigTable table_of(const Entries& entries) {
  ConfigTable table;
  table.place = {"m.toml", 3, 1};
  uint32_t line = 4;
  for (const auto& [name, value] : entries) table.entries[name] = {value, {"m.toml", line++, 8}};
  return table;
}

// The reason why a table is refused that gives heads, head_dim and these.
std::string refusal(Entries entries) {
  entries.insert({"heads", int64_t{4}});
  entries.insert({"head_dim", int64_t{64}});
  return refusal_of(good().check(table_of(entries), "mixer"));
}

TEST(Schema, ReadsNamesTypesRulesDefaultsAndDocumentation) {
  Schema schema = good();
  ASSERT_EQ(schema.keys().size(), 7u);
  const SchemaKey& head_dim = *schema.find("head_dim");
  EXPECT_EQ(head_dim.kind, ValueKind::kInt);
  EXPECT_EQ(head_dim.at_least, 32.0);
  EXPECT_EQ(head_dim.at_most, 1024.0);
  EXPECT_EQ(head_dim.multiple_of, 32);
  EXPECT_FALSE(head_dim.fallback.has_value());
  EXPECT_EQ(head_dim.documentation, "elements per head");
  EXPECT_EQ(schema.find("scale")->above, 0.0);
  EXPECT_EQ(schema.find("scale")->below, 1.0);
  EXPECT_EQ(schema.find("kv_type")->words, (std::vector<std::string>{"f32", "bf16"}));
  EXPECT_EQ(std::get<std::string>(*schema.find("name")->fallback), "a name of words");
  EXPECT_EQ(std::get<double>(*schema.find("free")->fallback), -1000.0);
  EXPECT_EQ(schema.find("heds"), nullptr);
}

TEST(Schema, MayBeEmpty) {
  EXPECT_TRUE(Schema::parse("").value().keys().empty());
  EXPECT_TRUE(Schema::parse("\n  \n\t\r\n").value().keys().empty());
}

TEST(Schema, SaysWhatAKeyAccepts) {
  Schema schema = good();
  auto expectation = [&](const char* name) { return expectation_of(*schema.find(name)); };
  EXPECT_EQ(expectation("heads"), "a whole number >=1");
  EXPECT_EQ(expectation("head_dim"), "a whole number >=32 <=1024, a multiple of 32");
  EXPECT_EQ(expectation("scale"), "a number >0 <1");
  EXPECT_EQ(expectation("kv_type"), "\"f32\" or \"bf16\"");
  EXPECT_EQ(expectation("bias"), "true or false");
  EXPECT_EQ(expectation("name"), "a string");
}

TEST(Schema, RefusesLinesThatAreNoKey) {
  for (const char* line : {"heads",
                           "heads int",
                           ": int",
                           " : ",
                           "heads :",
                           "heads : integer",
                           "heads : Int",
                           "heads : int 5",
                           "heads : int >=",
                           "heads : int >",
                           "heads : int =>5",
                           "heads : int >=x",
                           "heads : int %0",
                           "heads : int %-2",
                           "heads : int %1.5",
                           "heads : float %2",
                           "heads : bool >1",
                           "heads : string a|b",
                           "heads : choice",
                           "heads : choice |",
                           "heads : choice a||b",
                           "heads : choice a|b c|d",
                           "heads : int >=nan",
                           "heads : int <inf",
                           "heads : int >1 >2",
                           "heads : int = ",
                           "heads : int = 1.0",
                           "heads : int = x",
                           "heads : int = 1 2",
                           "heads : bool = 1",
                           "heads : float = nan",
                           "heads : float = inf",
                           "heads : float = 1e999",
                           "heads : int = 99999999999999999999",
                           "he ads : int",
                           "heads! : int",
                           "Heads : int"})
    EXPECT_EQ(refusal_of(Schema::parse(line)),
              "schema line 1 is \"" +
                  std::string(line).substr(
                      std::string(line).find_first_not_of(' '),
                      std::string(line).find_last_not_of(' ') + 1 - std::string(line).find_first_not_of(' ')) +
                  "\", expected name : type [rule...] [= default]  # text");
}

TEST(Schema, RefusesDefaultsThatBreakTheirOwnRules) {
  for (const char* line : {"a : int >=2 = 1", "a : int %4 = 6", "a : float <1 = 1", "a : choice x|y = z"})
    EXPECT_NE(refusal_of(Schema::parse(line)), "") << line;
}

TEST(Schema, NamesTheLineOfAKeyGivenTwice) {
  EXPECT_EQ(refusal_of(Schema::parse("a : int\n\nb : int\na : bool  # again")),
            "schema line 4 is \"a : bool  # again\", expected name : type [rule...] [= default]  # text");
}

TEST(Schema, AddsDefaultsWithoutAPlace) {
  auto checked =
      good().check(table_of({{"heads", int64_t{4}}, {"head_dim", int64_t{64}}, {"bias", true}}), "mixer");
  ASSERT_TRUE(checked.ok()) << checked.error().text;
  const auto& entries = checked.value().entries;
  ASSERT_EQ(entries.size(), 7u);
  EXPECT_EQ(std::get<double>(entries.at("scale").value), 0.5);
  EXPECT_TRUE(entries.at("scale").place.file.empty());
  EXPECT_EQ(std::get<bool>(entries.at("bias").value), true);
  EXPECT_EQ(entries.at("bias").place.text(), "m.toml:4:8");
}

TEST(Schema, RefusesUnknownKeysWithTheNearest) {
  EXPECT_EQ(refusal({{"head_din", int64_t{64}}}),
            "mixer: has no key head_din (did you mean head_dim?), it takes heads, head_dim, scale, kv_type, "
            "bias, name "
            "and free (m.toml:5:8)");
  EXPECT_EQ(
      refusal({{"x\x1b", int64_t{64}}}),
      "mixer: has no key x\\x1b, it takes heads, head_dim, scale, kv_type, bias, name and free (m.toml:6:8)");
  EXPECT_EQ(refusal_of(Schema::parse("").value().check(table_of({{"a", true}}), "mixer")),
            "mixer: has no key a, it takes none (m.toml:4:8)");
}

TEST(Schema, RefusesMissingKeysAtTheTable) {
  EXPECT_EQ(refusal_of(good().check(table_of({{"heads", int64_t{1}}}), "mixer")),
            "mixer: head_dim is not given, must be a whole number >=32 <=1024, a multiple of 32 (m.toml:3:1)");
}

TEST(Schema, RefusesValuesThatBreakTheRules) {
  const std::string head_dim = ", must be a whole number >=32 <=1024, a multiple of 32 (m.toml:4:8)";
  EXPECT_EQ(refusal({{"head_dim", int64_t{96 + 1}}}), "mixer: head_dim is 97" + head_dim);
  EXPECT_EQ(refusal({{"head_dim", int64_t{0}}}), "mixer: head_dim is 0" + head_dim);
  EXPECT_EQ(refusal({{"head_dim", int64_t{2048}}}), "mixer: head_dim is 2048" + head_dim);
  EXPECT_EQ(refusal({{"head_dim", INT64_MIN}}), "mixer: head_dim is -9223372036854775808" + head_dim);
  EXPECT_EQ(refusal({{"head_dim", INT64_MAX}}), "mixer: head_dim is 9223372036854775807" + head_dim);
  EXPECT_EQ(refusal({{"head_dim", 64.0}}), "mixer: head_dim is 64.0" + head_dim);
  EXPECT_EQ(refusal({{"head_dim", true}}), "mixer: head_dim is true" + head_dim);
  EXPECT_EQ(refusal({{"head_dim", std::string("64")}}), "mixer: head_dim is \"64\"" + head_dim);
  EXPECT_EQ(refusal({{"kv_type", std::string("f16\n")}}),
            "mixer: kv_type is \"f16\\x0a\", must be \"f32\" or \"bf16\" (m.toml:6:8)");
  EXPECT_EQ(refusal({{"bias", int64_t{1}}}), "mixer: bias is 1, must be true or false (m.toml:4:8)");
  EXPECT_EQ(refusal({{"name", 1.5}}), "mixer: name is 1.5, must be a string (m.toml:6:8)");
}

TEST(Schema, ComparesBoundsAsTheyAreWritten) {
  EXPECT_EQ(refusal({{"scale", 0.999}}), "");
  EXPECT_EQ(refusal({{"scale", 1.0}}), "mixer: scale is 1.0, must be a number >0 <1 (m.toml:6:8)");
  EXPECT_EQ(refusal({{"scale", 0.0}}), "mixer: scale is 0.0, must be a number >0 <1 (m.toml:6:8)");
  EXPECT_EQ(refusal({{"scale", int64_t{1}}}), "mixer: scale is 1, must be a number >0 <1 (m.toml:6:8)");
  EXPECT_EQ(refusal({{"free", int64_t{7}}}), "");  // 7 for 7.0
  EXPECT_EQ(refusal({{"head_dim", int64_t{32}}}), "");
  EXPECT_EQ(refusal({{"head_dim", int64_t{1024}}}), "");
}

TEST(Schema, RefusesNumbersThatAreNotFinite) {
  EXPECT_EQ(refusal({{"free", double(NAN)}}), "mixer: free is nan, must be a number (m.toml:4:8)");
  EXPECT_EQ(refusal({{"free", double(INFINITY)}}), "mixer: free is inf, must be a number (m.toml:4:8)");
  EXPECT_EQ(refusal({{"free", -double(INFINITY)}}), "mixer: free is -inf, must be a number (m.toml:4:8)");
}

// What a plugin reads, through the ABI.
class ConfigObjectTest : public ::testing::Test {
 protected:
  const tenon_config* raw() { return object_.raw(); }

  ConfigTable table_ =
      good()
          .check(table_of({{"heads", int64_t{4}}, {"head_dim", int64_t{64}}, {"free", int64_t{7}}}), "mixer")
          .value();
  ConfigObject object_{table_};
};

TEST_F(ConfigObjectTest, ReadsValuesByType) {
  EXPECT_EQ(raw()->size, sizeof(tenon_config));
  EXPECT_EQ(raw()->get_int(raw(), "heads"), 4);
  EXPECT_EQ(raw()->get_float(raw(), "scale"), 0.5);
  EXPECT_EQ(raw()->get_float(raw(), "free"), 7.0);
  EXPECT_EQ(raw()->get_bool(raw(), "bias"), 0u);
  EXPECT_STREQ(raw()->get_string(raw(), "kv_type"), "f32");
  EXPECT_EQ(raw()->is_given(raw(), "heads"), 1u);
  EXPECT_EQ(raw()->is_given(raw(), "scale"), 0u);
  EXPECT_EQ(raw()->is_given(raw(), "nothing"), 0u);
  EXPECT_EQ(object_.complaint(), "");
}

TEST_F(ConfigObjectTest, ComplainsOfKeysThatTheSchemaDoesNotHave) {
  EXPECT_EQ(raw()->get_int(raw(), "depth"), 0);
  EXPECT_EQ(object_.complaint(), "asked for depth, which its schema does not have as an int");
  EXPECT_EQ(raw()->get_float(raw(), "depth"), 0.0);
  EXPECT_EQ(object_.complaint(), "asked for depth, which its schema does not have as a float");
  EXPECT_EQ(raw()->get_bool(raw(), "depth"), 0u);
  EXPECT_EQ(object_.complaint(), "asked for depth, which its schema does not have as a bool");
  EXPECT_STREQ(raw()->get_string(raw(), "depth"), "");
  EXPECT_EQ(object_.complaint(), "asked for depth, which its schema does not have as a string or choice");
}

TEST_F(ConfigObjectTest, ComplainsOfKeysReadAsAnotherType) {
  EXPECT_EQ(raw()->get_int(raw(), "scale"), 0);
  EXPECT_EQ(object_.complaint(), "asked for scale, which its schema does not have as an int");
  EXPECT_EQ(raw()->get_float(raw(), "heads"), 0.0);
  EXPECT_EQ(object_.complaint(), "asked for heads, which its schema does not have as a float");
}

TEST_F(ConfigObjectTest, ReportsARefusalWithValueAndPlace) {
  EXPECT_EQ(raw()->refuse(raw(), "heads", "a multiple of kv_heads"), TENON_INVALID);
  EXPECT_EQ(object_.complaint(), "heads is 4, must be a multiple of kv_heads (m.toml:6:8)");
  EXPECT_EQ(raw()->refuse(raw(), "scale", "below 0.25"), TENON_INVALID);
  EXPECT_EQ(object_.complaint(), "scale is 0.5, must be below 0.25 (m.toml:3:1)");
  EXPECT_EQ(raw()->refuse(raw(), "depth", "given"), TENON_INVALID);
  EXPECT_EQ(object_.complaint(), "depth is not given, must be given (m.toml:3:1)");
}

}  // namespace
}  // namespace tenon::testing
