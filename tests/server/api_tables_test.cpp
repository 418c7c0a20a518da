// The tables of fields: what they let through, what they say of the rest, and that the docs say the same.
#include <apps/server/api/body.hpp>
#include <apps/server/api/openapi.hpp>
#include <apps/server/api/tables.hpp>

#include <tenon/base/file.hpp>

#include <gtest/gtest.h>

namespace tenon::api {
namespace {

constexpr const char* kChat = R"({"messages": [{"role": "user", "content": "hi"}])";

Reply<Body> read_chat(const std::string& more, Strictness strictness = Strictness::kReportOthers) {
  return Body::read(kChat + more + "}", chat_fields(), strictness);
}

// What is wrong with it: "param code".
std::string fault_of(const Reply<Body>& body) {
  if (body.ok()) return "";
  EXPECT_EQ(body.error().status, 400);
  EXPECT_EQ(body.error().type, "invalid_request_error");
  return body.error().param.value_or("-") + " " + body.error().code.value_or("-");
}

TEST(Body, GivesValuesOrTheTablesDefaults) {
  auto body = read_chat(R"(, "temperature": 1, "n": 2, "stream": null, "stop": "x")");
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body.value().number("temperature"), 1.0);
  EXPECT_EQ(body.value().integer("n"), 2);
  EXPECT_FALSE(body.value().is_true("stream"));
  EXPECT_TRUE(body.value().is_true("parallel_tool_calls"));
  EXPECT_FALSE(body.value().number("top_p"));
  EXPECT_EQ(*body.value().find("stop"), "x");
  EXPECT_FALSE(body.value().is_true("stream_options", "include_usage"));
}

TEST(Body, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(fault_of(Body::read("{}", chat_fields(), {})), "messages missing_required_parameter");
  EXPECT_EQ(fault_of(read_chat(R"(, "temperature": "1")")), "temperature invalid_type");
  EXPECT_EQ(fault_of(read_chat(R"(, "temperature": 2.5)")), "temperature out_of_range");
  EXPECT_EQ(fault_of(read_chat(R"(, "n": 1.5)")), "n invalid_type");
  EXPECT_EQ(fault_of(read_chat(R"(, "n": true)")), "n invalid_type");
  EXPECT_EQ(fault_of(read_chat(R"(, "stop": ["a", 1])")), "stop[1] invalid_type");
  EXPECT_EQ(fault_of(read_chat(R"(, "stream_options": {"include_usage": 1})")),
            "stream_options.include_usage invalid_type");
  EXPECT_EQ(fault_of(read_chat(R"(, "tool_choice": "sometimes")")), "tool_choice invalid_value");
  EXPECT_EQ(fault_of(Body::read(R"({"messages": [{"role": "king", "content": ""}]})", chat_fields(), {})),
            "messages[0].role invalid_value");
  EXPECT_EQ(fault_of(Body::read(R"({"messages": []})", chat_fields(), {})), "messages out_of_range");
}

TEST(Body, RefusesWhatIsNotJson) {
  for (const char* text :
       {"", "{", "[]", "1", "{\"n\": NaN}", "{\"n\": 1e999}", "{\"n\": 1, \"n\": 2}", "{\"a\": \"\xff\"}"})
    EXPECT_NE(fault_of(Body::read(text, chat_fields(), {})), "") << text;
}

TEST(Body, ReportsOrRefusesFieldsThatDoNotExist) {
  std::string others = R"(, "temprature": 1, "stream_options": {"foo": 1})";
  EXPECT_EQ(read_chat(others).value().ignored(),
            (std::vector<std::string>{"stream_options.foo", "temprature"}));
  auto refused = read_chat(others, Strictness::kRefuseOthers);
  EXPECT_EQ(fault_of(refused), "stream_options.foo unknown_parameter");
  auto misspelt = read_chat(R"(, "temprature": 1)", Strictness::kRefuseOthers);
  EXPECT_NE(misspelt.error().message.find("temperature"), std::string::npos) << misspelt.error().message;
}

void expect_sound(const FieldTable& table) {
  for (const Field& field : table.fields) {
    SCOPED_TRACE(std::string(table.name) + "." + std::string(field.name));
    EXPECT_EQ(table.find(field.name), &field) << "stands there twice";
    EXPECT_LE(field.min, field.max);
    if (!field.fallback.empty()) {
      Json fallback = Json::parse(field.fallback);
      EXPECT_TRUE(type_of(fallback) & field.types);
    }
    if (field.table) expect_sound(*field.table);
  }
}

TEST(Tables, AreSound) {
  for (const BodyRoute& route : body_routes()) expect_sound(route.table);
}

// Every $ref of a document leads somewhere.
void expect_refs(const Json& value, const Json& schemas) {
  if (value.is_object() && value.contains("$ref")) {
    std::string ref = value["$ref"];
    EXPECT_TRUE(schemas.contains(ref.substr(ref.rfind('/') + 1))) << ref;
  }
  if (value.is_structured())
    for (const Json& item : value) expect_refs(item, schemas);
}

TEST(OpenApi, HasEveryRouteAndEveryRefLeadsSomewhere) {
  const Json& document = openapi_document();
  for (const BodyRoute& route : body_routes())
    EXPECT_TRUE(document["paths"].contains(std::string(route.path))) << route.path;
  expect_refs(document, document["components"]["schemas"]);
}

// With TENON_WRITE_DOCS the page is brought up to date instead.
TEST(Docs, AreWhatTheTablesSay) {
  const std::string path = TENON_SOURCE "/docs/api.md", mark = "<!-- generated from the tables of fields -->\n";
  std::string page = read_file(path, 1 << 20).value();
  size_t at = page.find(mark);
  ASSERT_NE(at, std::string::npos);
  std::string current = page.substr(0, at) + mark + "\n" + field_reference();
  if (std::getenv("TENON_WRITE_DOCS")) {
    ASSERT_TRUE(write_file(path, current).ok());
  } else {
    EXPECT_EQ(page, current) << "run this test with TENON_WRITE_DOCS=1";
  }
}

}  // namespace
}  // namespace tenon::api
