// The program tenon-validate, as a plugin's author runs it.
#include "fake_plugins.hpp"

#include <sys/wait.h>

#include <cstdio>

namespace tenon::testing {
namespace {

struct Outcome {
  int exit_code;
  std::string output;
};

Outcome validate(const std::string& arguments) {
  FILE* pipe = popen((validator().string() + " " + arguments + " 2>&1").c_str(), "r");
  std::string output;
  for (char chunk[4096]; size_t got = fread(chunk, 1, sizeof chunk, pipe);) output.append(chunk, got);
  int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), output};
}

Outcome validate_fake(const FakeDir& dir, const std::string& name) {
  Outcome outcome = validate((dir / ("tenon_" + name + ".so")).string());
  return {outcome.exit_code, dir.without_path(outcome.output)};
}

TEST(Validate, ListsTheChecksOfAGoodPlugin) {
  FakeDir dir({"echo"});
  Outcome outcome = validate_fake(dir, "echo");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_TRUE(outcome.output.starts_with("echo 0.0.1: a fake for tests\nok           unknown_interface "))
      << outcome.output;
  EXPECT_EQ(outcome.output.find("FAILED"), std::string::npos);
}

TEST(Validate, RefusesWhatCannotBeLoaded) {
  FakeDir dir({"wrong_magic"});
  Outcome outcome = validate_fake(dir, "wrong_magic");
  EXPECT_EQ(outcome.exit_code, 65);
  EXPECT_EQ(
      outcome.output,
      "tenon-validate: D/tenon_wrong_magic.so: magic is 1, expected 1313752404; this is not a Tenon plugin\n");
}

TEST(Validate, SurvivesWhatHappensAtLoad) {
  FakeDir dir({"crash_at_load", "exit_at_load"});
  Outcome crash = validate_fake(dir, "crash_at_load"), exit = validate_fake(dir, "exit_at_load");
  EXPECT_EQ(crash.exit_code, 65);
  EXPECT_EQ(crash.output,
            "tenon-validate: D/tenon_crash_at_load.so: ended while it was loaded (Segmentation fault)\n");
  EXPECT_EQ(exit.exit_code, 65);
  EXPECT_EQ(exit.output, "tenon-validate: D/tenon_exit_at_load.so: ended while it was loaded (exit code 0)\n");
}

TEST(Validate, AnExitInsideACheckIsAFailureOfThatCheck) {
  FakeDir dir({"exit_in_create"});
  Outcome outcome = validate_fake(dir, "exit_in_create");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.output.find("exit code 0  create_and_destroy"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("ok           same_table"), std::string::npos) << outcome.output;
}

TEST(Validate, NamesTheCheckThatFails) {
  FakeDir dir({"create_no_reason"});
  Outcome outcome = validate_fake(dir, "create_no_reason");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.output.find(
                "D/tenon_create_no_reason.so: create_and_destroy: create fails without giving a reason\n"),
            std::string::npos)
      << outcome.output;
}

TEST(Validate, GivesTheWorstOfManyFiles) {
  FakeDir dir({"echo", "wrong_magic"});
  EXPECT_EQ(
      validate((dir / "tenon_wrong_magic.so").string() + " " + (dir / "tenon_echo.so").string()).exit_code, 65);
}

TEST(Validate, RefusesFilesThatAreNotCalledLikePlugins) {
  TempDir dir;
  std::string path = dir.write("plugin.so", "");
  Outcome outcome = validate(path);
  EXPECT_EQ(outcome.exit_code, 65);
  EXPECT_EQ(outcome.output, "tenon-validate: " + path + ": is not called tenon_NAME.so, as a plugin must be\n");
}

TEST(Validate, SaysHowItIsUsed) {
  EXPECT_EQ(validate("").exit_code, 64);
  EXPECT_EQ(validate("--help").exit_code, 64);
  EXPECT_EQ(validate("").output, "usage: tenon-validate tenon_NAME.so...\n");
}

}  // namespace
}  // namespace tenon::testing
