#include <tests/testing/temp_dir.hpp>

#include <tenon/base/mapped_file.hpp>
#include <tenon/base/memory.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
  read_ahead(file.value().bytes().subspan(3, 4));
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
  read_ahead(file.value().bytes());
  give_back(file.value().bytes());
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

TEST(MappedFile, GivesBackWholePagesThatCanBeReadAgain) {
  TempDir dir;
  auto file = MappedFile::open(dir.write("a", std::string(kBytes, 'a')));
  unsigned sum = sum_of(file.value());
  uint64_t before = find_process_memory()->of_files;
  give_back(file.value().bytes().subspan(100, kBytes - 200));
  EXPECT_LE(find_process_memory()->of_files + kBytes - 4 * 4096, before);
  EXPECT_EQ(sum_of(file.value()), sum);
}

TEST(MappedFile, DoesNotGiveBackMemoryOfOtherKinds) {
  std::vector<std::byte> own(kBytes, std::byte{7});
  give_back(own);
  EXPECT_EQ(std::count(own.begin(), own.end(), std::byte{7}), static_cast<ptrdiff_t>(kBytes));
}

TEST(MappedFile, ReadsWithoutTheMapping) {
  TempDir dir;
  auto file = MappedFile::open(dir.write("a", "some bytes"));
  std::string part(5, ' ');
  ASSERT_TRUE(file.value().read(5, std::as_writable_bytes(std::span(part))).ok());
  EXPECT_EQ(part, "bytes");
  EXPECT_EQ(refusal_of(file.value().read(6, std::as_writable_bytes(std::span(part)))),
            (dir / "a").string() + ": was cut short while in use; expected it to stay as it was opened");
}

// What the kernel says of a mapping, in bytes: "Pss" is its pages, each divided by those who have it.
uint64_t counted(const MappedFile& file, const std::string& what) {
  std::ifstream maps("/proc/self/smaps");
  bool is_there = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("-") < line.find(" ") && line.find(":") > line.find(" "))
      is_there = line.find(file.path().string()) != std::string::npos;
    if (is_there && line.starts_with(what + ":")) return std::stoull(line.substr(what.size() + 1)) * 1024;
  }
  ADD_FAILURE() << what << " of " << file.path();
  return 0;
}

TEST(MappedFile, IsSharedByProcesses) {
  TempDir dir;
  dir.write("a", std::string(kBytes, 'a'));
  int ready[2], done[2];
  ASSERT_TRUE(pipe(ready) == 0 && pipe(done) == 0);
  char byte = 0;
  pid_t other = fork();
  if (other == 0) {
    auto file = MappedFile::open(dir / "a");
    bool is_read = sum_of(file.value()) > 0 && write(ready[1], &byte, 1) == 1;
    _exit(is_read && read(done[0], &byte, 1) == 1 ? 0 : 1);
  }
  auto file = MappedFile::open(dir / "a");
  EXPECT_GT(sum_of(file.value()), 0u);
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(counted(file.value(), "Rss"), kBytes);
  EXPECT_EQ(counted(file.value(), "Pss"), kBytes / 2);
  EXPECT_EQ(counted(file.value(), "Private_Dirty"), 0u);
  int status = 1;
  EXPECT_EQ(write(done[1], &byte, 1), 1);
  waitpid(other, &status, 0);
  EXPECT_EQ(status, 0);
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
