// Plugins that crash, hang or leave do so in a process of their own; what is left in this one is a sentence.
#include "fake_plugins.hpp"

namespace tenon::testing {
namespace {

TEST(PluginProbe, LetsAGoodPluginPass) {
  EXPECT_EQ(refusal_of_allowed("echo"), "");
  EXPECT_EQ(refusal_of_allowed("larger_size"), "");
}

TEST(PluginProbe, NamesAPluginThatCrashesAtLoad) {
  EXPECT_EQ(refusal_of_allowed("crash_at_load"),
            "D/tenon_crash_at_load.so: crashed while it was probed (Segmentation fault)");
}

TEST(PluginProbe, NamesAPluginThatExitsAtLoad) {
  EXPECT_EQ(refusal_of_allowed("exit_at_load"),
            "D/tenon_exit_at_load.so: ended the process that probed it with exit code 0");
  EXPECT_EQ(refusal_of_allowed("exit_65_at_load"),
            "D/tenon_exit_65_at_load.so: ended the process that probed it with exit code 65");
}

TEST(PluginProbe, NamesAPluginThatExitsWhenCalled) {
  EXPECT_EQ(refusal_of_allowed("exit_in_create"),
            "D/tenon_exit_in_create.so: ended the process that probed it with exit code 0");
}

TEST(PluginProbe, NamesAPluginThatHangsAtLoad) {
  EXPECT_EQ(refusal_of_allowed("hang_at_load"),
            "D/tenon_hang_at_load.so: hung while it was probed, expected an answer within 5 s");
}

TEST(PluginProbe, NamesAPluginThatHangsAfterClosingItsOutput) {
  EXPECT_EQ(refusal_of_allowed("hang_silently_at_load"),
            "D/tenon_hang_silently_at_load.so: hung while it was probed, expected an answer within 5 s");
}

TEST(PluginProbe, NamesAnExceptionThatNobodyCatches) {
  std::string text = refusal_of_allowed("create_throws_bare");
  EXPECT_TRUE(text.starts_with("D/tenon_create_throws_bare.so: crashed while it was probed (Aborted)")) << text;
}

TEST(PluginProbe, PassesOnWhatTheLoaderSays) {
  EXPECT_EQ(refusal_of_allowed("wrong_magic"),
            "D/tenon_wrong_magic.so: magic is 1, expected 1313752404; this is not a Tenon plugin");
  EXPECT_EQ(refusal_of_allowed("table_with_hole"),
            "D/tenon_table_with_hole.so: the table of tenon.token_mixer/1 lacks a function");
  EXPECT_EQ(refusal_of_allowed("missing_symbol"),
            "D/tenon_missing_symbol.so: does not export tenon_plugin_entry, as every plugin must");
}

TEST(PluginProbe, TakesTheValidatorsWordNotThePlugins) {
  EXPECT_EQ(refusal_of_allowed("talks_at_load"),
            "D/tenon_talks_at_load.so: schema line 1 is \"width : metres  # no such type\", expected name : "
            "type [rule...] "
            "[= default]  # text");
}

TEST(PluginProbe, NamesBrokenPromisesOfCreate) {
  EXPECT_EQ(refusal_of_allowed("create_no_reason"),
            "D/tenon_create_no_reason.so: create_and_destroy: create fails without giving a reason");
  EXPECT_EQ(refusal_of_allowed("create_null_reason"),
            "D/tenon_create_null_reason.so: create_and_destroy: create fails without giving a reason");
  EXPECT_EQ(refusal_of_allowed("create_writes_self"),
            "D/tenon_create_writes_self.so: create_and_destroy: create fails and sets *self");
  EXPECT_EQ(refusal_of_allowed("create_without_object"),
            "D/tenon_create_without_object.so: create_and_destroy: create succeeds without setting *self");
}

TEST(PluginProbe, AcceptsACreateThatFailsWithAReason) {
  // The description may simply not suit it; what it says then comes at the right time.
  EXPECT_EQ(refusal_of_allowed("create_throws"), "");
}

TEST(PluginProbe, NeedsAValidator) {
  FakeDir dir({"echo"});
  for (const char* program : {"", "/nonexistent/tenon-validate"}) {
    PluginRegistry registry(
        {{{dir.path(), PluginDirectory::Trust::kByName}}, {{"echo", std::nullopt}}, program});
    auto library = registry.get("echo");
    ASSERT_FALSE(library.ok());
    EXPECT_EQ(library.error().code, TENON_UNSUPPORTED);
    EXPECT_EQ(dir.without_path(library.error().text),
              "D/tenon_echo.so: cannot be probed, expected the program tenon-validate beside tenon");
  }
}

TEST(PluginProbe, DoesNotTakeAnotherProgramsSuccessForAnAnswer) {
  FakeDir dir({"echo"});
  PluginRegistry registry(
      {{{dir.path(), PluginDirectory::Trust::kByName}}, {{"echo", std::nullopt}}, "/bin/true"});
  EXPECT_EQ(dir.without_path(refusal_of(registry.get("echo"))),
            "D/tenon_echo.so: ended the process that probed it with exit code 0");
}

TEST(PluginProbe, DoesNotLoadWhatItRefuses) {
  // Were it loaded here, its constructor would end this test.
  FakeDir dir({"exit_at_load", "echo"});
  PluginRegistry registry = allowing(dir, {{"exit_at_load", std::nullopt}, {"echo", std::nullopt}});
  for (int i = 0; i < 3; ++i) EXPECT_NE(refusal_of(registry.get("exit_at_load")), "");
  EXPECT_EQ(refusal_of(registry.get("echo")), "");
}

}  // namespace
}  // namespace tenon::testing
