// The subcommands tokenize and template, as functions with standard input and output replaced.
#include <apps/cli/command.hpp>

#include <tenon/base/file.hpp>

#include "small_tokenizer.hpp"

#include <unistd.h>

#include <iostream>
#include <sstream>

namespace tenon {
namespace {

struct Outcome {
  int code = 0;  // of a command that worked
  std::string output;
  std::string error;  // of a command that failed, or of its arguments
};

class FilterCommandsTest : public testing::Test {
 protected:
  FilterCommandsTest() {
    std::filesystem::create_directories(model_);
    SmallTokenizer small;
    small.merge("h", "i").add("<|end|>", {"special"});
    write("tokenizer.json", small.document.dump());
    write("chat_template.jinja",
          "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}"
          "{% if add_generation_prompt %}go{{ mark }}{% endif %}");
    write("tokenizer_config.json", R"({"eos_token": "<|end|>"})");
  }
  ~FilterCommandsTest() override { std::filesystem::remove_all(model_); }

  void write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(write_file(model_ / name, content).ok());
  }

  // arguments: the subcommand and what follows the model's directory.
  Outcome run(const std::string& command, std::vector<std::string> arguments, const std::string& input = "") {
    CLI::App app;
    cli::Action chosen;
    cli::add_tokenize(app, chosen);
    cli::add_template(app, chosen);
    arguments.insert(arguments.begin(), {command, model_.string()});
    std::reverse(arguments.begin(), arguments.end());
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& e) {
      return {64, "", e.what()};
    }
    std::istringstream in(input);
    std::ostringstream out;
    auto* usual_in = std::cin.rdbuf(in.rdbuf());
    auto* usual_out = std::cout.rdbuf(out.rdbuf());
    std::cin.clear();
    Result<int> code = chosen();
    std::cin.rdbuf(usual_in);
    std::cout.rdbuf(usual_out);
    return {code.ok() ? code.value() : -1, out.str(), code.ok() ? "" : code.error().text};
  }

  std::filesystem::path model_ =
      std::filesystem::temp_directory_path() / ("tenon-filters-" + std::to_string(getpid()));
};

TEST_F(FilterCommandsTest, TokenizePrintsIds) {
  EXPECT_EQ(run("tokenize", {"hi<|end|>"}).output, "256 257\n");
  EXPECT_EQ(run("tokenize", {}, "hi\n").output, "256 10\n");
  EXPECT_EQ(run("tokenize", {"--plain", "<|end|>"}).output, "60 124 101 110 100 124 62\n");
}

TEST_F(FilterCommandsTest, TokenizePrintsPieces) {
  EXPECT_EQ(run("tokenize", {"--pieces", "hi\u00e9"}).output, "256\thi\n195\t\\xc3\n169\t\\xa9\n");
}

TEST_F(FilterCommandsTest, TokenizeTakesIdsBack) {
  EXPECT_EQ(run("tokenize", {"--decode", "256 257"}).output, "hi<|end|>");
  EXPECT_EQ(run("tokenize", {"--decode"}, "256,\n195 169").output, "hi\u00e9");
  EXPECT_EQ(run("tokenize", {"--decode", "256 x"}).error, "ids: has \"x\", expected integers");
  EXPECT_EQ(run("tokenize", {"--decode", "999"}).error, "ids: 999 has no token, expected an id below 258");
}

TEST_F(FilterCommandsTest, TokenizeAnswersEachLineAndGoesOnAfterABadOne) {
  Outcome outcome =
      run("tokenize", {"--jsonl"}, "{\"text\": \"hi\"}\n\nbad\n  \n{\"text\": 5}\n{}\n{\"text\": \"\u00e9\"}");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output,
            "{\"ids\":[256]}\n"
            "{\"error\":\"line: is not valid JSON at byte 1, expected RFC 8259\"}\n"
            "{\"error\":\"text: is not text, expected a JSON string\"}\n"
            "{\"error\":\"line: has no field \\\"text\\\", expected an object with one\"}\n"
            "{\"ids\":[195,169]}\n");
  EXPECT_EQ(run("tokenize", {"--jsonl", "--pieces"}, "{\"text\":\"hi!\"}").output,
            "{\"ids\":[256,33],\"pieces\":[\"hi\",\"!\"]}\n");
  EXPECT_EQ(
      run("tokenize", {"--jsonl", "--decode"}, "{\"ids\":[195,169]}\n{\"ids\":[-1]}\n").output,
      "{\"text\":\"\u00e9\"}\n{\"error\":\"ids: is not a list of token ids, expected integers from 0 on\"}\n");
}

TEST_F(FilterCommandsTest, TokenizeRefusesOptionsThatExcludeEachOther) {
  EXPECT_EQ(run("tokenize", {"--jsonl", "hi"}).code, 64);
  EXPECT_EQ(run("tokenize", {"--decode", "--pieces"}).code, 64);
  EXPECT_EQ(run("tokenize", {"--decode", "--plain"}).code, 64);
}

TEST_F(FilterCommandsTest, TemplateRendersAShortChat) {
  EXPECT_EQ(run("template", {"--system", "S", "--user", "U"}).output, "system: S<|end|>\nuser: U<|end|>\ngo");
}

TEST_F(FilterCommandsTest, TemplateReadsARequestOrItsMessages) {
  const std::string messages = R"([{"role": "user", "content": "U"}])";
  EXPECT_EQ(run("template", {}, messages).output, "user: U<|end|>\ngo");
  EXPECT_EQ(run("template", {}, "{\"messages\": " + messages + ", \"add_generation_prompt\": false}").output,
            "user: U<|end|>\n");
  EXPECT_EQ(
      run("template", {}, "{\"messages\": " + messages + ", \"eos_token\": \"!\", \"kwargs\": {\"mark\": 1}}")
          .output,
      "user: U!\ngo1");
  EXPECT_EQ(run("template", {}, "{").error, "standard input: is not valid JSON at byte 2, expected RFC 8259");
}

TEST_F(FilterCommandsTest, TemplateAnswersEachLineAndGoesOnAfterABadOne) {
  Outcome outcome =
      run("template", {"--jsonl"}, "[]\n{\"messages\": 1}\n[{\"role\": \"user\", \"content\": \"\u00e9\"}]\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output, "{\"rendered\":\"go\"}\n{\"error\":\"" + (model_ / "chat_template.jinja").string() +
                                ": messages: is not a list of objects, expected one\"}\n"
                                "{\"rendered\":\"user: \u00e9<|end|>\\ngo\"}\n");
}

}  // namespace
}  // namespace tenon
