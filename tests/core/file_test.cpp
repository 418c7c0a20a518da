#include <tests/testing/temp_dir.hpp>

#include <tenon/base/file.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace tenon::testing {
namespace {

TEST(File, ReadsAWholeFile) {
  TempDir dir;
  std::string content(200'000, 'x');
  content[100'000] = '\0';
  auto read = read_file(dir.write("a", content), 1 << 20);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), content);
  EXPECT_EQ(read_file(dir.write("empty", ""), 0).value(), "");
}

TEST(File, ReadsUpToALimitAndNotAByteMore) {
  TempDir dir;
  std::string path = dir.write("a", std::string(1024, 'x'));
  EXPECT_TRUE(read_file(path, 1024).ok());
  auto read = read_file(path, 1023);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, TENON_INVALID);
  EXPECT_EQ(read.error().text, path + ": is larger than 1023 B, the limit for such a file");
}

TEST(File, ReadsAnEndlessFileOnlyUpToTheLimit) {
  EXPECT_EQ(refusal_of(read_file("/dev/zero", 1 << 20)),
            "/dev/zero: is larger than 1.00 MiB, the limit for such a file");
}

TEST(File, NamesWhatCannotBeRead) {
  TempDir dir;
  auto missing = read_file(dir / "missing", 10);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, TENON_IO);
  EXPECT_EQ(missing.error().text, (dir / "missing").string() + ": No such file or directory");
  EXPECT_EQ(refusal_of(read_file(dir.path(), 10)), dir.path().string() + ": Is a directory");
  std::filesystem::create_symlink("loop", dir / "loop");
  EXPECT_EQ(refusal_of(read_file(dir / "loop", 10)),
            (dir / "loop").string() + ": Too many levels of symbolic links");
}

TEST(File, NamesAFileItMayNotRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  TempDir dir;
  std::string path = dir.write("secret", "x");
  chmod(path.c_str(), 0);
  EXPECT_EQ(refusal_of(read_file(path, 10)), path + ": Permission denied");
}

TEST(File, WritesAndReplacesWithoutTraces) {
  TempDir dir;
  EXPECT_TRUE(write_file(dir / "a", "one").ok());
  EXPECT_EQ(content_of(dir / "a"), "one");
  EXPECT_TRUE(write_file(dir / "a", "").ok());
  EXPECT_EQ(content_of(dir / "a"), "");
  std::string large(3 << 20, 'y');
  EXPECT_TRUE(write_file(dir / "a", large).ok());
  EXPECT_EQ(content_of(dir / "a"), large);
  EXPECT_EQ(dir.names(), std::vector<std::string>{"a"});
}

TEST(File, WritesNothingWhereTheDirectoryIsMissing) {
  TempDir dir;
  Status written = write_file(dir / "no" / "a", "x");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, TENON_IO);
  EXPECT_NE(written.error().text.find("No such file or directory"), std::string::npos);
  EXPECT_TRUE(dir.names().empty());
}

TEST(File, LeavesNoTemporaryWhereItCannotReplace) {
  TempDir dir;
  std::filesystem::create_directory(dir / "a");
  EXPECT_EQ(refusal_of(write_file(dir / "a", "x")), (dir / "a").string() + ": Is a directory");
  EXPECT_EQ(dir.names(), std::vector<std::string>{"a"});
  EXPECT_FALSE(write_file(dir.path() / "", "x").ok());
  EXPECT_EQ(dir.names(), std::vector<std::string>{"a"});
}

TEST(File, WritesNothingInADirectoryItMayNotWrite) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  TempDir dir;
  std::filesystem::create_directory(dir / "d");
  chmod((dir / "d").c_str(), 0555);
  Status written = write_file(dir / "d" / "a", "x");
  chmod((dir / "d").c_str(), 0755);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, TENON_IO);
  EXPECT_TRUE(std::filesystem::is_empty(dir / "d"));
}

// In a child process: no file may grow beyond 4 KiB there, which fails in the middle as a full disk does.
[[noreturn]] void write_on_a_full_disk(const std::filesystem::path& path) {
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit {
    4096, 4096
  };
  setrlimit(RLIMIT_FSIZE, &limit);
  Status written = write_file(path, std::string(10'000, 'n'));
  std::fprintf(stderr, "%s\n", refusal_of(written).c_str());
  std::_Exit(written.ok() ? 1 : 0);
}

TEST(File, KeepsTheOldFileWhenTheDiskIsFull) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  TempDir dir;
  dir.write("a", "old");
  EXPECT_EXIT(write_on_a_full_disk(dir / "a"), ::testing::ExitedWithCode(0), "File too large");
  EXPECT_EQ(content_of(dir / "a"), "old");
  EXPECT_EQ(dir.names(), std::vector<std::string>{"a"});
}

TEST(File, DoesNotWriteThroughALinkLaidInItsWay) {
  // Whoever may write the directory could guess the temporary name.
  TempDir dir;
  dir.write("victim", "precious");
  std::filesystem::create_symlink(dir / "victim", dir / (".a.tmp-" + std::to_string(getpid())));
  EXPECT_TRUE(write_file(dir / "a", "new").ok());
  EXPECT_EQ(content_of(dir / "victim"), "precious");
  EXPECT_EQ(content_of(dir / "a"), "new");
  EXPECT_FALSE(std::filesystem::is_symlink(dir / "a"));
}

}  // namespace
}  // namespace tenon::testing
