// Recorded renderings of transformers' apply_chat_template.
#include <tenon/text/chat_template.hpp>

#include "test_data.hpp"

#include <map>

namespace tenon {
namespace {

using Templates = std::map<std::string, Result<ChatTemplate>>;

// Each line: a request, and beside it what must come of it: "rendered", or "error" with the fact.
void expect_equal_case(const Result<ChatTemplate>& chat_template, const std::string& line) {
  Json wanted = Json::parse(line);
  Result<std::string> rendered =
      chat_template.ok() ? chat_template.value().render_text(line) : Result<std::string>(chat_template.error());
  if (wanted["error"].is_null()) {
    ASSERT_TRUE(rendered.ok()) << rendered.error().text << "\n" << line;
    EXPECT_EQ(rendered.value(), wanted["rendered"].get<std::string>());
  } else {
    ASSERT_FALSE(rendered.ok()) << line;
    EXPECT_NE(rendered.error().text.find(wanted["error"].get<std::string>()), std::string::npos)
        << rendered.error().text << "\n"
        << line;
  }
}

// Some cases bring a template of their own.
TEST(TemplateGolden, EqualsTransformersOnTheDemoModel) {
  Templates templates;
  templates.emplace("", ChatTemplate::load(TENON_SOURCE "/models/demo"));
  for (const std::string& line : read_lines(TENON_FIXTURES "/demo/template_cases.jsonl")) {
    Json source = Json::parse(line).value("template", Json());
    auto key = source.is_null() ? "" : source.get<std::string>();
    if (!templates.contains(key)) templates.emplace(key, ChatTemplate::compile(key));
    expect_equal_case(templates.at(key), line);
  }
}

TEST(TemplateGolden, EqualsTransformersOnThePublishedTemplates) {
  TENON_OUTSIDE_DATA(folder, "templates");
  Templates templates;
  for (const std::string& line : read_lines(*folder / "golden.jsonl")) {
    auto name = Json::parse(line)["template"].get<std::string>();
    if (!templates.contains(name)) templates.emplace(name, ChatTemplate::load(*folder / (name + ".jinja")));
    expect_equal_case(templates.at(name), line);
  }
}

}  // namespace
}  // namespace tenon
