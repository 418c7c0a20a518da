#include <tenon/base/file.hpp>
#include <tenon/text/template_files.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

namespace tenon {
namespace {

// A model's directory that is gone after the test.
class TemplateFilesTest : public testing::Test {
 protected:
  TemplateFilesTest() { std::filesystem::create_directories(folder_); }
  ~TemplateFilesTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(write_file(folder_ / name, content).ok());
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("tenon-template-files-" + std::to_string(getpid()));
};

TEST_F(TemplateFilesTest, ReadATemplateByItself) {
  write("a.jinja", "text");
  auto files = read_template_files(folder_ / "a.jinja");
  ASSERT_TRUE(files.ok()) << files.error().text;
  EXPECT_EQ(files.value().source, "text");
  EXPECT_EQ(files.value().special_tokens, Json::object());
}

TEST_F(TemplateFilesTest, TakeTheTemplateFileBeforeTheConfig) {
  write("chat_template.jinja", "from the file");
  write("tokenizer_config.json", R"({"chat_template": "from the config", "bos_token": null,
                                     "eos_token": "<e>", "pad_token": {"content": "<p>", "special": true}})");
  auto files = read_template_files(folder_);
  ASSERT_TRUE(files.ok()) << files.error().text;
  EXPECT_EQ(files.value().source, "from the file");
  EXPECT_EQ(files.value().special_tokens.dump(), R"({"eos_token":"<e>","pad_token":"<p>"})");
}

TEST_F(TemplateFilesTest, TakeTheConfigsTemplateWhereThereIsNoFile) {
  write("tokenizer_config.json", R"({"chat_template": "one"})");
  EXPECT_EQ(read_template_files(folder_).value().source, "one");
  write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "r"},
                                                       {"name": "default", "template": "d"}]})");
  EXPECT_EQ(read_template_files(folder_).value().source, "d");
}

TEST_F(TemplateFilesTest, SayWhatIsMissing) {
  auto files = read_template_files(folder_);
  ASSERT_FALSE(files.ok());
  EXPECT_EQ(files.error().text, folder_.string() +
                                    ": has neither chat_template.jinja nor a chat_template in "
                                    "tokenizer_config.json, expected one");
  write("tokenizer_config.json", "[]");
  EXPECT_EQ(read_template_files(folder_).error().text,
            (folder_ / "tokenizer_config.json").string() + ": is not an object, expected one");
  EXPECT_EQ(read_template_files(folder_ / "none").error().code, TENON_IO);
}

}  // namespace
}  // namespace tenon
