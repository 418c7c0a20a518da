// Reading config.json and its neighbours: one line that names file, key, value and expectation for whatever is
// wrong.
#include "hub_directory.hpp"

#include <importers/checkpoint_description.hpp>
#include <importers/hub_config.hpp>

namespace tenon::testing {
namespace {

// One value of a file, read by `read(hub, object)`.
class HubConfigTest : public ::testing::Test {
 protected:
  void open(const std::string& config) {
    directory_.write("config.json", config);
    auto opened = HubConfig::open(directory_.path());
    ASSERT_TRUE(opened.ok()) << opened.error().text;
    hub_ = std::move(opened).value();
  }
  void open_with(const std::string& value) { open("{\"x\": " + value + "}"); }
  std::string refusal(const std::string& config) {
    directory_.write("config.json", config);
    return directory_.refusal(HubConfig::open(directory_.path()));
  }
  const Json& config() const { return hub_->config(); }

  HubDirectory directory_;
  std::optional<HubConfig> hub_;
};

TEST_F(HubConfigTest, NeedsADirectoryWithAConfig) {
  TempDir empty;
  auto opened = HubConfig::open(empty / "nothing");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, TENON_IO);
  opened = HubConfig::open(empty.path());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, TENON_IO);
  EXPECT_NE(opened.error().text.find("config.json: No such file"), std::string::npos) << opened.error().text;
}

TEST_F(HubConfigTest, RefusesFilesThatAreNoObjects) {
  EXPECT_EQ(refusal("[]"), "D/config.json: is not an object");
  EXPECT_EQ(refusal("7"), "D/config.json: is not an object");
  EXPECT_EQ(refusal(""), "D/config.json: is not valid JSON at byte 1, expected RFC 8259");
  EXPECT_EQ(refusal("{\"x\": NaN}"), "D/config.json: is not valid JSON at byte 7, expected RFC 8259");
  EXPECT_EQ(refusal("{\"x\": 1, \"x\": 2}"), "D/config.json: gives the key \"x\" twice");
  directory_.write("generation_config.json", "[1]");
  EXPECT_EQ(refusal("{}"), "D/generation_config.json: is not an object");
}

TEST_F(HubConfigTest, GetIntWantsAWholeNumberInItsRange) {
  open_with("12");
  EXPECT_EQ(hub_->get_int(config(), "x", 1, 100).value(), 12);
  open_with("12.0");
  EXPECT_EQ(hub_->get_int(config(), "x", 1, 100).value(), 12);
  for (const char* wrong : {"0", "101", "-12", "12.5", "1e300", "18446744073709551615", "\"12\"", "true",
                            "[12]", "{\"y\":1}", "\"NaN\""}) {
    open_with(wrong);
    EXPECT_EQ(directory_.refusal(hub_->get_int(config(), "x", 1, 100)),
              "D/config.json: x is " + Json::parse(wrong).dump() + ", must be a whole number from 1 to 100");
  }
}

TEST_F(HubConfigTest, GetNumberWantsANumberInItsRange) {
  open_with("1");
  EXPECT_EQ(hub_->get_number(config(), "x", 0.5, 2).value(), 1.0);
  for (const char* wrong : {"0.4", "2.01", "-1.0", "\"1\"", "false", "[]"}) {
    open_with(wrong);
    EXPECT_EQ(directory_.refusal(hub_->get_number(config(), "x", 0.5, 2)),
              "D/config.json: x is " + std::string(wrong) + ", must be a number from 0.5 to 2.0");
  }
}

TEST_F(HubConfigTest, AKeyThatIsNullOrAbsentTakesTheFallback) {
  for (const char* config_text : {"{}", "{\"x\": null}"}) {
    open(config_text);
    EXPECT_EQ(hub_->get_int(config(), "x", 1, 100, 7).value(), 7);
    EXPECT_EQ(hub_->get_number(config(), "x", 0, 1, 0.5).value(), 0.5);
    EXPECT_EQ(hub_->get_bool(config(), "x", true).value(), true);
    EXPECT_EQ(hub_->get_text(config(), "x", "y").value(), "y");
    EXPECT_TRUE(hub_->get_ints(config(), "x", 0, 9).value().empty());
    EXPECT_TRUE(hub_->get_texts(config(), "x").value().empty());
    EXPECT_EQ(hub_->find_object(config(), "x").value(), nullptr);
    EXPECT_EQ(directory_.refusal(hub_->get_int(config(), "x", 1, 100)),
              "D/config.json: x is not given, must be a whole number from 1 to 100");
    EXPECT_EQ(directory_.refusal(hub_->get_number(config(), "x", 0, 1)),
              "D/config.json: x is not given, must be a number from 0.0 to 1.0");
    EXPECT_EQ(directory_.refusal(hub_->get_text(config(), "x")),
              "D/config.json: x is not given, must be a string");
  }
}

TEST_F(HubConfigTest, OtherTypesAreChecked) {
  open_with("1");
  EXPECT_EQ(directory_.refusal(hub_->get_bool(config(), "x", true)),
            "D/config.json: x is 1, must be true or false");
  EXPECT_EQ(directory_.refusal(hub_->get_text(config(), "x")), "D/config.json: x is 1, must be a string");
  EXPECT_EQ(directory_.refusal(hub_->get_texts(config(), "x")),
            "D/config.json: x is 1, must be a list of strings");
  EXPECT_EQ(directory_.refusal(hub_->find_object(config(), "x")), "D/config.json: x is 1, must be an object");
  open_with("[\"a\", 2]");
  EXPECT_EQ(directory_.refusal(hub_->get_texts(config(), "x")), "D/config.json: x is 2, must be strings");
}

TEST_F(HubConfigTest, OneNumberStandsForAListOfOne) {
  open_with("3");
  EXPECT_EQ(hub_->get_ints(config(), "x", 0, 9).value(), std::vector<int64_t>{3});
  open_with("[3, 0]");
  EXPECT_EQ(hub_->get_ints(config(), "x", 0, 9).value(), (std::vector<int64_t>{3, 0}));
  for (const char* wrong : {"-1", "10", "18446744073709551615", "1.5", "\"3\"", "null", "[3]"}) {
    open_with("[0, " + std::string(wrong) + "]");
    std::string fact = wrong == std::string("null") ? "not given" : wrong;
    EXPECT_EQ(directory_.refusal(hub_->get_ints(config(), "x", 0, 9)),
              "D/config.json: x is " + fact + ", must be whole numbers from 0 to 9");
  }
}

TEST_F(HubConfigTest, NamesTheFileAndTheObjectThatTheKeyIsIn) {
  directory_.write("generation_config.json", R"({"top_k": "all"})");
  directory_.write("tokenizer_config.json", R"({"bos_token": 1})");
  open(R"({"rope_scaling": {"factor": "much"}})");
  EXPECT_EQ(directory_.refusal(hub_->get_number(config()["rope_scaling"], "factor", 1, 2)),
            "D/config.json: rope_scaling.factor is \"much\", must be a number from 1.0 to 2.0");
  EXPECT_EQ(directory_.refusal(hub_->get_int(hub_->generation(), "top_k", 0, 9)),
            "D/generation_config.json: top_k is \"all\", must be a whole number from 0 to 9");
  EXPECT_EQ(directory_.refusal(hub_->get_text(hub_->tokenizer(), "bos_token")),
            "D/tokenizer_config.json: bos_token is 1, must be a string");
}

TEST_F(HubConfigTest, ValuesAreShownInOneShortLine) {
  open_with("\"\\u001b[2J\\n" + std::string(1000, 'a') + "\"");
  std::string refusal = directory_.refusal(hub_->get_bool(config(), "x", true));
  EXPECT_LT(refusal.size(), 200u) << refusal;
  for (char c : refusal) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << refusal;
}

TEST(Hub, RefusesArchitecturesThatNoImporterKnows) {
  HubDirectory directory(changed_config(R"({"model_type": "gpt2"})"));
  EXPECT_EQ(directory.refusal(describe_checkpoint(directory.path())),
            "D/config.json: model_type is \"gpt2\", must be one of qwen3_next");
}

}  // namespace
}  // namespace tenon::testing
