#include <tenon/text/tool_schemas.hpp>

#include <gtest/gtest.h>

namespace tenon {
namespace {

Json tool(const std::string& name, const std::string& properties) {
  Json parameters = {{"type", "object"}, {"properties", Json::parse(properties)}};
  return {{"type", "function"}, {"function", {{"name", name}, {"parameters", parameters}}}};
}

uint8_t types_of(const std::string& schema) {
  ToolSchemas schemas(Json::array({tool("f", "{\"a\": " + schema + "}")}));
  return schemas.types_of("f", "a");
}

TEST(ToolSchemas, ReadTheTypesOfASchema) {
  EXPECT_EQ(types_of(R"({"type": "string"})"), kJsonString);
  EXPECT_EQ(types_of(R"({"type": "integer"})"), kJsonInteger);
  EXPECT_EQ(types_of(R"({"type": "number"})"), kJsonNumber | kJsonInteger);
  EXPECT_EQ(types_of(R"({"type": ["boolean", "null"]})"), kJsonBoolean);
  EXPECT_EQ(types_of(R"({"anyOf": [{"type": "array"}, {"type": "object"}, {"type": "null"}]})"),
            kJsonArray | kJsonObject);
  EXPECT_EQ(types_of(R"({"oneOf": [{"type": "string"}, {"enum": [1, 2]}]})"), kJsonString | kJsonInteger);
  EXPECT_EQ(types_of(R"({"enum": ["c", "f"]})"), kJsonString);
  EXPECT_EQ(types_of(R"({"const": 1.5})"), kJsonNumber);
}

TEST(ToolSchemas, TakeWhatIsNotSaidForAString) {
  for (const char* schema : {"{}", "true", R"({"type": "varchar"})", R"({"type": 7})", R"({"$ref": "#/x"})"})
    EXPECT_EQ(types_of(schema), kJsonString) << schema;
  ToolSchemas schemas(Json::array({tool("f", R"({"a": {"type": "integer"}})")}));
  EXPECT_EQ(schemas.types_of("f", "b"), kJsonString);
  EXPECT_EQ(schemas.types_of("g", "a"), kJsonString);
}

TEST(ToolSchemas, PassOverWhatHasAnotherForm) {
  Json odd = Json::parse(R"([1, null, {}, {"function": 3}, {"function": {"name": 4}},
    {"function": {"name": "g"}}, {"function": {"name": "h", "parameters": {"properties": []}}}])");
  odd.push_back(tool("f", R"({"a": {"type": "integer"}})"));
  EXPECT_EQ(ToolSchemas(odd).types_of("f", "a"), kJsonInteger);
  EXPECT_EQ(ToolSchemas(Json(nullptr)).types_of("f", "a"), kJsonString);
}

TEST(JsonOfPlain, StringsStayAsTheyAre) {
  EXPECT_EQ(json_of_plain("a \"b\"\n\\\t\x01\u00e9", kJsonString), R"("a \"b\"\n\\\t\u0001é")");
  EXPECT_EQ(json_of_plain("", kJsonString), R"("")");
  EXPECT_EQ(json_of_plain(" 12 ", kJsonString), R"(" 12 ")");
  EXPECT_EQ(json_of_plain("None", kJsonString), R"("None")");
}

TEST(JsonOfPlain, ReadsOtherTypes) {
  EXPECT_EQ(json_of_plain(" 12\n", kJsonInteger), "12");
  EXPECT_EQ(json_of_plain("1234567890123456789012345678901234567890", kJsonInteger),
            "1234567890123456789012345678901234567890");
  EXPECT_EQ(json_of_plain("1e3", kJsonNumber | kJsonInteger), "1e3");
  EXPECT_EQ(json_of_plain("True", kJsonBoolean), "true");
  EXPECT_EQ(json_of_plain("false", kJsonBoolean), "false");
  EXPECT_EQ(json_of_plain("[1, {\"a\": null}]", kJsonArray), "[1, {\"a\": null}]");
  EXPECT_EQ(json_of_plain("{\n\"a\": 1}", kJsonObject), "{\n\"a\": 1}");
}

TEST(JsonOfPlain, TakesNullForAnyType) {
  for (uint8_t types : {1, 2, 4, 8, 16, 32, 5, 63}) {
    EXPECT_EQ(json_of_plain("null", types), "null");
    EXPECT_EQ(json_of_plain("NULL", types), "null");
  }
  EXPECT_EQ(json_of_plain("None", kJsonInteger), "null");
}

TEST(JsonOfPlain, WhatCannotBeReadIsAString) {
  EXPECT_EQ(json_of_plain("twelve", kJsonInteger), R"("twelve")");
  EXPECT_EQ(json_of_plain("1.5", kJsonInteger), R"("1.5")");
  EXPECT_EQ(json_of_plain("007", kJsonInteger), R"("007")");
  EXPECT_EQ(json_of_plain("[1]", kJsonObject), R"("[1]")");
  EXPECT_EQ(json_of_plain("{'a': 1}", kJsonObject), "\"{'a': 1}\"");
  EXPECT_EQ(json_of_plain("exec('os')", kJsonArray | kJsonObject), "\"exec('os')\"");
  EXPECT_EQ(json_of_plain("yes", kJsonBoolean), "\"yes\"");
}

}  // namespace
}  // namespace tenon
