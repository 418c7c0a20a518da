// Templates that would run away or break out: each ends with one line, and the next one works.
#include "template_helpers.hpp"

#include <chrono>
#include <thread>

namespace tenon {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

constexpr const char* kTime = "error: t: line 1: takes more time than a template is given";
constexpr const char* kMemory = "error: t: line 1: takes more memory than a template is given";

TEST(TemplateLimits, StopALoopThatDoesNotEnd) {
  const std::string source =
      "{% for i in range(100000) %}{% for j in range(100000) %}{% for k in range(100000) %}{% endfor %}{% "
      "endfor %}{% endfor %}";
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(render(source, chat(), {.cpu_time_ms = 200}), kTime);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(render("{{ lipsum(n=1000000000) }}", chat(), {.cpu_time_ms = 200}), kTime);
  EXPECT_EQ(render("next"), "next");
}

TEST(TemplateLimits, StopOutputThatDoesNotEnd) {
  const std::string endless =
      "{% for i in range(100000) %}{% for j in range(100000) %}abcdefghij{% endfor %}{% endfor %}";
  EXPECT_EQ(render(endless, chat(), {.output_bytes = 1000}),
            "error: t: writes more than 1,000 bytes, the limit");
  EXPECT_EQ(render(repeated("é", 1000), chat(), {.output_bytes = 1500}),
            "error: t: writes more than 1,500 bytes, the limit");
}

TEST(TemplateLimits, RefuseRepetitionBeyondMeasure) {
  const std::string text =
      "error: t: line 1: * repeats to more than 16,777,216 items, the limit for a text or list";
  EXPECT_EQ(render("{{ 'a' * 1000000000 }}"), text);
  EXPECT_EQ(render("{{ 1000000000 * [1] }}"), text);
  EXPECT_EQ(render("{{ 'a' * 3 }}{{ 2 * 'b' }}"), "aaabb");
}

TEST(TemplateLimits, RefuseNumbersBeyondMeasure) {
  EXPECT_EQ(render("{{ 10 ** 100000000 }}"),
            "error: t: line 1: ** makes a number of more than 65,536 bits, the limit");
  EXPECT_EQ(
      render("{% set n = namespace(x=9) %}{% for i in range(100) %}{% set n.x = n.x * n.x %}{% endfor %}"),
      "error: t: line 1: a number has 103,873 bits, the limit is 65,536");
  EXPECT_EQ(render("{{ 5 | round(-100000000) }}"),
            "error: t: line 1: round to -100,000,000 digits, the limit is 400");
  EXPECT_EQ(render("{{ 2 ** 10 }} {{ 7 // 2 }} {{ 2.5 | round }}"), "1024 3 2.0");
}

TEST(TemplateLimits, RefuseMemoryBeyondMeasure) {
  // Copying up to the ceiling takes its time, too, on a slow machine.
  auto render_slowly = [](const std::string& source) { return render(source, chat(), {.cpu_time_ms = 30000}); };
  EXPECT_EQ(render_slowly("{{ 'x' | center(1000000000) }}"), kMemory);
  EXPECT_EQ(render_slowly("{{ 'x' | indent(1000000000, true) }}"), kMemory);
  EXPECT_EQ(render_slowly("{{ '%1000000000d' % 1 }}"), kMemory);
  EXPECT_EQ(render_slowly("{{ '{:>1000000000}'.format(1) }}"), kMemory);
  EXPECT_EQ(render_slowly("{{ 'a'.replace('', 'b' * 1000000).replace('b', 'c' * 1000) }}"), kMemory);
  EXPECT_EQ(render_slowly("{{ [1] | batch(1000000000, 'x') | list }}"), kMemory);
  EXPECT_EQ(render_slowly(
                "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}"),
            kMemory);
  EXPECT_EQ(render_slowly(
                "{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}"),
            kMemory);
  EXPECT_EQ(render("next"), "next");
}

TEST(TemplateLimits, RefuseALongRange) {
  EXPECT_EQ(render("{{ range(100000) | length }}"), "100000");
  EXPECT_NE(render("{{ range(100001) | length }}").find("Range too big"), std::string::npos);
}

TEST(TemplateLimits, RefuseDeepNesting) {
  const std::string text = "error: t: is nested too deeply";
  EXPECT_EQ(render("{{ " + repeated("(", 6000) + "1" + repeated(")", 6000) + " }}"), text);
  EXPECT_EQ(render("{{ " + repeated("[", 6000) + repeated("]", 6000) + " }}"), text);
  EXPECT_EQ(render("{{ " + repeated("not ", 6000) + "1 }}"), text);
  EXPECT_EQ(render("{{ " + repeated("1 + ", 6000) + "1 }}"), text);
  EXPECT_EQ(render(repeated("{% if 1 %}", 3000) + repeated("{% endif %}", 3000)), text);
  EXPECT_EQ(render("{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}"),
            "error: t: line 1: is nested too deeply");
}

TEST(TemplateLimits, RefuseALongSource) {
  EXPECT_EQ(render(std::string(2000000, 'a')), "error: t: has 2,000,000 characters, the limit is 1,048,576");
}

TEST(TemplateLimits, KeepTheSandboxShut) {
  const std::string unsafe = "error: t: line 1: access to attribute ";
  EXPECT_EQ(render("{{ ''.__class__.__mro__ }}"), unsafe + "'__class__' of 'str' object is unsafe.");
  EXPECT_EQ(render("{{ lipsum.__globals__['os'] }}"), unsafe + "'__globals__' of 'function' object is unsafe.");
  EXPECT_EQ(render("{{ cycler.__init__.__globals__ }}"), unsafe + "'__init__' of 'type' object is unsafe.");
  EXPECT_EQ(render("{{ (''|attr('__class__')).x }}"), unsafe + "'__class__' of 'str' object is unsafe.");
  EXPECT_EQ(render("{{ '{0.__class__.__mro__}'.format(1) }}"),
            unsafe + "'__class__' of 'int' object is unsafe.");
  EXPECT_EQ(render("{{ messages.append(1) }}"), unsafe + "'append' of 'list' object is unsafe.");
  EXPECT_EQ(render("{{ dict.mro() }}").substr(0, 7), "error: ");
  EXPECT_EQ(render("{{ namespace(__class__=1) }}").substr(0, 7), "error: ");
  EXPECT_EQ(render("{% set n = namespace() %}{% set n.__class__ = 1 %}").substr(0, 7), "error: ");
}

// striptags on markup takes quadratic time inside one call, which no exception reaches.
TEST(TemplateLimits, LeaveBehindWhatCannotBeStoppedAndRecover) {
  const std::string endless = "{{ (('<' * 45000) | safe).striptags() | length }}";
  std::string result = render(endless, chat(), {.cpu_time_ms = 50});
  EXPECT_EQ(result,
            "error: t: takes more time than a template is given, in one operation that cannot be stopped");
  EXPECT_EQ(render("next"), "error: t: another template was left behind in an operation that has not ended");
  for (int i = 0; i < 3000 && render("next") != "next"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(render("next"), "next");
}

}  // namespace
}  // namespace tenon
