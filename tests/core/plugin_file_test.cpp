// Rules P1 to P8 as far as they look at names, places and permissions; nothing is loaded here.
#include "fake_plugins.hpp"

#include <unistd.h>

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

std::string refusal(const TempDir& dir, const std::string& name) {
  return replaced(refusal_of(PluginFile::open(dir.path(), name)), dir.path().string(), "D");
}

// A directory with a file that only looks like a plugin.
class PluginFileTest : public ::testing::Test {
 protected:
  PluginFileTest() { chmod(dir_.write("tenon_x.so", "abc").c_str(), 0644); }

  TempDir dir_;
};

TEST(PluginName, IsSixtyFourOfAFewCharacters) {
  for (const char* name : {"a", "0", "gated_attention", "a-b_c9", "9lives"})
    EXPECT_TRUE(is_plugin_name(name)) << name;
  EXPECT_TRUE(is_plugin_name(std::string(64, 'a')));
  EXPECT_FALSE(is_plugin_name(std::string(65, 'a')));
  for (const char* name :
       {"", "A", "aB", "_a", "-a", "a.b", "a/b", "../x", "/tmp/x", "a b", "a\n", "ä", "a\x1b", "a;b", "."})
    EXPECT_FALSE(is_plugin_name(name)) << name;
  EXPECT_FALSE(is_plugin_name(std::string_view("a\0b", 3)));
}

TEST(PluginName, IsPartOfTheFileName) {
  EXPECT_EQ(plugin_file_name("x"), "tenon_x.so");
  EXPECT_EQ(find_plugin_name("tenon_x.so"), "x");
  EXPECT_EQ(find_plugin_name("tenon_.so"), "");
  for (const char* name : {"x.so", "tenon_x", "libtenon_x.so", "tenon_x.so.1", "tenon.so", "tenon_so", ""})
    EXPECT_EQ(find_plugin_name(name), std::nullopt) << name;
}

TEST_F(PluginFileTest, OpensAFileOfItsOwner) {
  auto file = PluginFile::open(dir_.path(), "x");
  ASSERT_TRUE(file.ok()) << file.error().text;
  EXPECT_EQ(file.value().path(), dir_ / "tenon_x.so");
  // printf abc | sha256sum
  EXPECT_EQ(file.value().sha256().value(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(content_of(file.value().descriptor_path()), "abc");
}

TEST_F(PluginFileTest, KeepsTheFileThatItHasChecked) {
  auto file = PluginFile::open(dir_.path(), "x");
  ASSERT_TRUE(file.ok());
  fs::remove(dir_ / "tenon_x.so");
  dir_.write("tenon_x.so", "exchanged after the check");
  EXPECT_EQ(content_of(file.value().descriptor_path()), "abc");
  auto other = PluginFile::open(dir_.path(), "x");
  EXPECT_NE(file.value().identity(), other.value().identity());
}

TEST_F(PluginFileTest, RefusesNamesThatArePaths) {
  fs::create_directory(dir_ / "sub");
  const std::pair<const char*, const char*> names[] = {
      {"../x", "../x"}, {"/tmp/x", "/tmp/x"}, {"a/b", "a/b"}, {"sub/../x", "sub/../x"}, {"X", "X"},
      {"", ""},         {"x\n", "x\\x0a"}};
  for (auto [name, shown] : names)
    EXPECT_EQ(refusal(dir_, name), std::string("plugin \"") + shown +
                                       "\": is not a plugin name, expected up to 64 of a-z, "
                                       "0-9, _ and -, beginning with a letter or digit");
  EXPECT_TRUE(refusal(dir_, std::string(65, 'a')).ends_with("beginning with a letter or digit"));
}

TEST_F(PluginFileTest, NamesWhatIsMissing) {
  EXPECT_EQ(refusal(dir_, "y"), "D/tenon_y.so: No such file or directory");
  fs::create_symlink("nowhere", dir_ / "tenon_z.so");
  EXPECT_EQ(refusal(dir_, "z"), "D/tenon_z.so: No such file or directory");
  EXPECT_EQ(refusal_of(PluginFile::open("/nonexistent", "x")), "/nonexistent: No such file or directory");
}

TEST_F(PluginFileTest, RefusesAFileThatOthersMayWrite) {
  chmod((dir_ / "tenon_x.so").c_str(), 0666);
  EXPECT_EQ(refusal(dir_, "x"),
            "D/tenon_x.so: is writable by everyone, a plugin and its directory must be writable by "
            "their owner alone (chmod go-w)");
  chmod((dir_ / "tenon_x.so").c_str(), 0664);
  EXPECT_EQ(refusal(dir_, "x"),
            "D/tenon_x.so: is writable by its group, a plugin and its directory must be writable by "
            "their owner alone (chmod go-w)");
}

TEST_F(PluginFileTest, RefusesADirectoryThatOthersMayWrite) {
  for (auto [mode, who] : {std::pair{0777, "everyone"}, {01777, "everyone"}, {0775, "its group"}}) {
    chmod(dir_.path().c_str(), static_cast<mode_t>(mode));
    EXPECT_EQ(refusal(dir_, "x"),
              std::string("D: is writable by ") + who +
                  ", a plugin and its directory must be writable by their owner alone (chmod go-w)");
  }
}

TEST_F(PluginFileTest, RefusesAFileOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give a file away";
  ASSERT_EQ(chown((dir_ / "tenon_x.so").c_str(), 12345, 12345), 0);
  EXPECT_EQ(refusal(dir_, "x"),
            "D/tenon_x.so: belongs to user 12345, a plugin and its directory must belong to root or to "
            "the user who runs it");
}

TEST_F(PluginFileTest, RefusesADirectoryOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give a directory away";
  ASSERT_EQ(chown(dir_.path().c_str(), 12345, 12345), 0);
  EXPECT_EQ(
      refusal(dir_, "x"),
      "D: belongs to user 12345, a plugin and its directory must belong to root or to the user who runs it");
}

TEST_F(PluginFileTest, RefusesALinkThatLeadsElsewhere) {
  TempDir other;
  other.write("tenon_y.so", "abc");
  fs::create_symlink(other / "tenon_y.so", dir_ / "tenon_y.so");
  EXPECT_EQ(refusal(dir_, "y"), "D/tenon_y.so: leads to " + (other / "tenon_y.so").string() +
                                    ", a plugin must lie in its directory");
  fs::create_directory(dir_ / "sub");
  fs::copy_file(dir_ / "tenon_x.so", dir_ / "sub" / "real.so");
  fs::create_symlink("sub/real.so", dir_ / "tenon_z.so");
  EXPECT_EQ(refusal(dir_, "z"), "D/tenon_z.so: leads to D/sub/real.so, a plugin must lie in its directory");
  fs::create_symlink("tenon_loop.so", dir_ / "tenon_loop.so");
  EXPECT_EQ(refusal(dir_, "loop"), "D/tenon_loop.so: Too many levels of symbolic links");
}

TEST_F(PluginFileTest, AcceptsALinkWithinTheDirectory) {
  fs::create_symlink("tenon_x.so", dir_ / "tenon_same.so");
  auto file = PluginFile::open(dir_.path(), "same");
  ASSERT_TRUE(file.ok()) << file.error().text;
  EXPECT_EQ(file.value().path(), dir_ / "tenon_x.so");
}

TEST_F(PluginFileTest, AcceptsADirectoryThatIsALink) {
  TempDir other;
  fs::create_symlink(dir_.path(), other / "plugins");
  EXPECT_EQ(refusal_of(PluginFile::open(other / "plugins", "x")), "");
}

TEST_F(PluginFileTest, RefusesWhatIsNoRegularFile) {
  fs::create_directory(dir_ / "tenon_d.so");
  ASSERT_EQ(mkfifo((dir_ / "tenon_pipe.so").c_str(), 0600), 0);
  EXPECT_EQ(refusal(dir_, "d"), "D/tenon_d.so: is not a regular file, as a plugin must be");
  EXPECT_EQ(refusal(dir_, "pipe"), "D/tenon_pipe.so: is not a regular file, as a plugin must be");
}

TEST_F(PluginFileTest, AdoptsADescriptorUnderTheFilesName) {
  auto file = PluginFile::open(dir_.path(), "x");
  ASSERT_TRUE(file.ok());
  auto adopted = PluginFile::adopt(file.value().descriptor_path());
  ASSERT_TRUE(adopted.ok());
  EXPECT_EQ(adopted.value().path(), dir_ / "tenon_x.so");
  EXPECT_EQ(adopted.value().identity(), file.value().identity());
  EXPECT_EQ(refusal_of(PluginFile::adopt("/proc/self/fd/9999")),
            "/proc/self/fd/9999: No such file or directory");
}

}  // namespace
}  // namespace tenon::testing
