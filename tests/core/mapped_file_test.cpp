#include <tests/testing/temp_dir.hpp>

#include <tenon/base/mapped_file.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace tenon::testing {
namespace {

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, ShowsTheFilesBytes) {
  TempDir dir;
  auto file = MappedFile::open(dir.write("a", "some bytes"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(text_of(file.value()), "some bytes");
  EXPECT_EQ(file.value().path(), dir / "a");
  file.value().will_need(3, 4);
  MappedFile moved = std::move(file).value();
  EXPECT_EQ(text_of(moved), "some bytes");
}

TEST(MappedFile, OutlivesTheName) {
  TempDir dir;
  auto file = MappedFile::open(dir.write("a", "some bytes"));
  ASSERT_TRUE(file.ok());
  std::filesystem::remove(dir / "a");
  EXPECT_EQ(text_of(file.value()), "some bytes");
}

TEST(MappedFile, IsEmptyForAnEmptyFile) {
  TempDir dir;
  auto file = MappedFile::open(dir.write("a", ""));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file.value().bytes().empty());
  file.value().will_need(0, 0);
}

TEST(MappedFile, NamesWhatItCannotMap) {
  TempDir dir;
  auto missing = MappedFile::open(dir / "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, TENON_IO);
  EXPECT_EQ(missing.error().text, (dir / "missing").string() + ": No such file or directory");
  EXPECT_EQ(refusal_of(MappedFile::open(dir.path())), dir.path().string() + ": is not a regular file");
  EXPECT_EQ(refusal_of(MappedFile::open("/dev/zero")), "/dev/zero: is not a regular file");
}

TEST(MappedFile, DoesNotWaitForThePipesOtherEnd) {
  TempDir dir;
  ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of(MappedFile::open(dir / "pipe")), (dir / "pipe").string() + ": is not a regular file");
}

TEST(MappedFile, NamesAFileItMayNotRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  TempDir dir;
  std::string path = dir.write("secret", "x");
  chmod(path.c_str(), 0);
  EXPECT_EQ(refusal_of(MappedFile::open(path)), path + ": Permission denied");
}

constexpr size_t kBytes = 1 << 20;

unsigned sum_of(const MappedFile& file) {
  unsigned sum = 0;
  for (std::byte byte : file.bytes()) sum += std::to_integer<unsigned>(byte);
  return sum;
}

// Maps two files, cuts the one that is called "cut", and reads both.
[[noreturn]] void read_what_was_cut(const TempDir& dir) {
  auto whole = MappedFile::open(dir / "whole"), cut = MappedFile::open(dir / "cut");
  { MappedFile forgotten = MappedFile::open(dir / "whole").value(); }
  unsigned sum = sum_of(whole.value());
  if (truncate((dir / "cut").c_str(), 4096) != 0) std::_Exit(1);
  sum += sum_of(cut.value());
  std::_Exit(sum == 0 ? 2 : 3);
}

TEST(MappedFileDeathTest, EndsWithASentenceWhenTheFileIsCutWhileMapped) {
  TempDir dir;
  dir.write("whole", std::string(kBytes, 'w'));
  dir.write("cut", std::string(kBytes, 'c'));
  std::string sentence =
      "^tenon: " + (dir / "cut").string() +
      ": was cut short, or could not be read, while in use; expected it to stay as it was opened\n$";
  EXPECT_EXIT(read_what_was_cut(dir), ::testing::ExitedWithCode(74), sentence);
}

// A bus error in memory that is not a mapped file of ours.
[[noreturn]] void read_foreign_mapping(const TempDir& dir) {
  auto ours = MappedFile::open(dir / "ours");
  int fd = open((dir / "foreign").c_str(), O_RDONLY);
  auto* bytes = static_cast<volatile char*>(mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE, fd, 0));
  if (truncate((dir / "foreign").c_str(), 0) != 0) std::_Exit(1);
  std::_Exit(bytes[0] == 'f' ? 2 : 3);
}

TEST(MappedFileDeathTest, LeavesOtherBusErrorsAlone) {
  TempDir dir;
  dir.write("ours", "x");
  dir.write("foreign", std::string(kBytes, 'f'));
  EXPECT_EXIT(read_foreign_mapping(dir), ::testing::KilledBySignal(SIGBUS), "^$");
}

}  // namespace
}  // namespace tenon::testing
