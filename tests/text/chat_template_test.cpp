#include "template_helpers.hpp"

#include <csignal>
#include <ctime>
#include <thread>

namespace tenon {
namespace {

TEST(ChatTemplate, GivesTheFieldsOfTheRequest) {
  EXPECT_EQ(render("{{ messages[0].role }}: {{ messages[0].content }}"), "user: Hello");
  EXPECT_EQ(render("{{ tools }} {{ documents }} {{ add_generation_prompt }}"), "None None True");
  Json request = chat({{"tools", Json::array({{{"name", "f"}}})},
                       {"documents", Json::array({{{"title", "d"}}})},
                       {"add_generation_prompt", false},
                       {"eos_token", "<end>"}});
  EXPECT_EQ(render("{{ tools[0].name }} {{ documents[0].title }} {{ add_generation_prompt }} {{ eos_token }}",
                   request),
            "f d False <end>");
}

TEST(ChatTemplate, IgnoresFieldsThatItDoesNotKnow) {
  EXPECT_EQ(render("{{ unknown is defined }}", chat({{"unknown", 1}})), "False");
}

TEST(ChatTemplate, TakesSpecialTokensFromTheModelUnlessTheRequestHasThem) {
  auto compiled = ChatTemplate::compile("{{ bos_token }}{{ eos_token }}", "t",
                                        {{"bos_token", "<b>"}, {"eos_token", "<e>"}});
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  EXPECT_EQ(compiled.value().render(chat()).value(), "<b><e>");
  EXPECT_EQ(compiled.value().render(chat({{"eos_token", "<x>"}})).value(), "<b><x>");
}

TEST(ChatTemplate, GivesKwargsAsVariables) {
  Json request = chat({{"kwargs", {{"enable_thinking", false}, {"n", 3}}}});
  EXPECT_EQ(render("{{ enable_thinking }} {{ n }}", request), "False 3");
}

TEST(ChatTemplate, RefusesKwargsThatWouldReplaceAField) {
  for (const char* name : {"messages", "tools", "documents", "add_generation_prompt", "kwargs", "eos_token"})
    EXPECT_EQ(render("x", chat({{"kwargs", {{name, nullptr}}}})),
              std::string("error: t: kwargs: has '") + name +
                  "', which is a field of the request, expected another name");
}

TEST(ChatTemplate, RefusesARequestOfAnotherShape) {
  EXPECT_EQ(render("x", Json::object()), "error: t: messages: is not a list of objects, expected one");
  EXPECT_EQ(render("x", {{"messages", {"Hello"}}}),
            "error: t: messages: is not a list of objects, expected one");
  EXPECT_EQ(render("x", Json::array()), "error: t: request: is not an object, expected one");
  EXPECT_EQ(render("x", chat({{"tools", {{"name", "f"}}}})),
            "error: t: tools: is not a list of objects, expected one");
  EXPECT_EQ(render("x", chat({{"add_generation_prompt", 1}})),
            "error: t: add_generation_prompt: is not a boolean, expected true or false");
  EXPECT_EQ(render("x", chat({{"kwargs", 1}})),
            "error: t: kwargs: is not an object, expected names with values");
}

TEST(ChatTemplate, KeepsValuesAsJsonHasThem) {
  auto compiled = ChatTemplate::compile("{{ v | tojson }}");
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  for (std::string value : {R"({"b": 1, "a": [true, false, null]})", "1.0", "-0.5",
                            "123456789012345678901234567890", R"("é😀<>&'\"\\\n")", "[]", "{}", "1e+22"}) {
    auto rendered = compiled.value().render_text(R"({"messages": [], "kwargs": {"v": )" + value + "}}");
    ASSERT_TRUE(rendered.ok()) << rendered.error().text;
    EXPECT_EQ(rendered.value(), value);
  }
  auto escaped = compiled.value().render_text(R"({"messages": [], "kwargs": {"v": "\u00e9\ud83d\ude00"}})");
  EXPECT_EQ(escaped.value(), "\"é😀\"");
}

TEST(ChatTemplate, TojsonTakesTheOptionsThatTemplatesUse) {
  Json request = chat({{"kwargs", {{"v", {{"b", {1, 2}}, {"a", "é"}}}}}});
  EXPECT_EQ(render("{{ v|tojson }}", request), R"({"b": [1, 2], "a": "é"})");
  EXPECT_EQ(render("{{ v|tojson(sort_keys=true) }}", request), R"({"a": "é", "b": [1, 2]})");
  EXPECT_EQ(render("{{ v|tojson(ensure_ascii=true) }}", request), R"({"b": [1, 2], "a": "\u00e9"})");
  EXPECT_EQ(render("{{ v|tojson(separators=(',', ':')) }}", request), R"({"b":[1,2],"a":"é"})");
  EXPECT_EQ(render("{{ v|tojson(indent=1) }}", request), "{\n \"b\": [\n  1,\n  2\n ],\n \"a\": \"é\"\n}");
  EXPECT_EQ(render("{{ missing|tojson }}"),
            "error: t: line 1: TypeError: Object of type Undefined is not JSON serializable");
}

TEST(ChatTemplate, TrimsAroundStatements) {
  EXPECT_EQ(render("a\n  {% if true %}\nb\n  {% endif %}\nc\n"), "a\nb\nc");
}

TEST(ChatTemplate, HasGenerationAndLoopControls) {
  EXPECT_EQ(render("<{% generation %}{{ messages[0].content }}{% endgeneration %}>"), "<Hello>");
  EXPECT_EQ(render("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}"
                   "{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}"),
            "02");
}

TEST(ChatTemplate, TellsTheTime) {
  std::time_t now = std::time(nullptr);
  char year[8];
  std::strftime(year, sizeof year, "%Y", std::localtime(&now));
  EXPECT_EQ(render("{{ strftime_now('%Y') }}"), year);
}

TEST(ChatTemplate, PassesOnWhatATemplateRaises) {
  EXPECT_EQ(render("a\nb{{ raise_exception('No user message.') }}"), "error: t: line 2: No user message.");
  EXPECT_EQ(render("{{ raise_exception('two\nlines') }}"), "error: t: line 1: two\\x0alines");
}

TEST(ChatTemplate, NamesTheLineOfAnError) {
  EXPECT_EQ(render("a\nb\n{% if %}"), "error: t: line 3: Expected an expression, got 'end of statement block'");
  EXPECT_EQ(render("a\n{{ missing.field }}"), "error: t: line 2: 'missing' is undefined");
  EXPECT_EQ(render("{% macro f() %}\n\n{{ 1 / 0 }}{% endmacro %}\n{{ f() }}"),
            "error: t: line 3: ZeroDivisionError: division by zero");
  EXPECT_EQ(render("{% include 'x' %}"),
            "error: t: line 1: TypeError: no loader for this environment specified");
}

TEST(ChatTemplate, AMissingVariableIsEmptyText) { EXPECT_EQ(render("[{{ missing }}]"), "[]"); }

TEST(ChatTemplate, RefusesTextThatIsNotUnicode) {
  EXPECT_EQ(render("a\xff"), "error: t: is not valid UTF-8, expected UTF-8");
  EXPECT_NE(render("{{ '\\ud800' }}").find("surrogates not allowed"), std::string::npos);
}

TEST(ChatTemplate, LeavesSignalsToTheProgram) {
  EXPECT_EQ(render("{{ 1 + 1 }}"), "2");
  for (int signal : {SIGINT, SIGTERM, SIGPIPE}) {
    struct sigaction action {};
    ASSERT_EQ(sigaction(signal, nullptr, &action), 0);
    EXPECT_EQ(action.sa_handler, SIG_DFL) << signal;
  }
}

TEST(ChatTemplate, RendersFromSeveralThreads) {
  auto compiled = ChatTemplate::compile("{{ messages[0].content * 3 }}");
  ASSERT_TRUE(compiled.ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([copy = compiled.value()] {
      for (int round = 0; round < 50; ++round) EXPECT_EQ(copy.render(chat()).value(), "HelloHelloHello");
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace tenon
