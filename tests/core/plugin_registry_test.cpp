#include "fake_plugins.hpp"

#include <tenon/abi/tenon_token_mixer.h>

#include <unistd.h>

#include <cstring>

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;
using Trust = PluginDirectory::Trust;

// Changes the working directory for the length of a scope.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const fs::path& path) : before_(fs::current_path()) { fs::current_path(path); }
  ~WorkingDirectory() { fs::current_path(before_); }

 private:
  fs::path before_;
};

TEST(PluginRegistry, LoadsAPluginOnceAndKeepsIt) {
  FakeDir dir({"echo"});
  PluginRegistry registry = installed(dir);
  const PluginLibrary* first = registry.get("echo").value();
  fs::remove(dir / "tenon_echo.so");
  EXPECT_EQ(first->interfaces().size(), 1u);
  dir.add("echo");
  EXPECT_EQ(registry.get("echo").value(), first);
}

TEST(PluginRegistry, NamesUnknownPluginsWithTheNearest) {
  FakeDir dir({"echo", "other_id"});
  PluginRegistry registry = installed(dir);
  EXPECT_EQ(dir.without_path(refusal_of(registry.get("ecko"))),
            "plugin ecko: is not in D (did you mean echo?)");
  EXPECT_EQ(dir.without_path(refusal_of(registry.get("rotation"))), "plugin rotation: is not in D");
  EXPECT_EQ(refusal_of(PluginRegistry({}).get("echo")), "plugin echo: is not in any directory");
}

TEST(PluginRegistry, RefusesNamesThatArePaths) {
  FakeDir dir({"echo"});
  PluginRegistry registry = installed(dir);
  for (const std::string& name :
       {std::string("../x"), std::string("/tmp/x"), std::string("a/b"), std::string("./echo"),
        std::string("Echo"), std::string(65, 'a'), std::string("echo.so"), std::string("echo "),
        (dir / "tenon_echo.so").string()})
    EXPECT_EQ(refusal_of(registry.get(name)), "plugin \"" +
                                                  (name.size() > 80 ? name.substr(0, 80) + "..." : name) +
                                                  "\": is not a plugin name, expected " + kPluginNameRule);
  EXPECT_EQ(refusal_of(registry.get("")),
            std::string("plugin \"\": is not a plugin name, expected ") + kPluginNameRule);
}

TEST(PluginRegistry, NeverLooksInTheWorkingDirectory) {
  FakeDir here({"echo"});
  TempDir elsewhere;
  WorkingDirectory inside(here.path());
  EXPECT_EQ(refusal_of(PluginRegistry({}).get("echo")), "plugin echo: is not in any directory");
  PluginRegistry registry({{{elsewhere.path(), Trust::kInstalled}}, {}, {}});
  EXPECT_EQ(replaced(refusal_of(registry.get("echo")), elsewhere.path().string(), "D"),
            "plugin echo: is not in D");
}

TEST(PluginRegistry, DefaultsToThePluginsBesideTheLibraryAndNothingElse) {
  RegistryOptions options = PluginRegistry::default_options();
  ASSERT_EQ(options.directories.size(), 1u);
  EXPECT_EQ(options.directories[0].path, fs::canonical(TENON_PLUGINS));
  EXPECT_EQ(options.directories[0].trust, Trust::kInstalled);
  EXPECT_TRUE(options.allowed.empty());
  EXPECT_EQ(options.validator, fs::canonical(validator()));
}

TEST(PluginRegistry, TakesTheFirstDirectoryThatHasTheName) {
  FakeDir first({"echo"}), second({"echo", "larger_size"});
  PluginRegistry registry({{{first.path(), Trust::kInstalled}, {second.path(), Trust::kInstalled}}, {}, {}});
  EXPECT_EQ(registry.get("echo").value()->origin(), first / "tenon_echo.so");
  EXPECT_EQ(registry.get("larger_size").value()->origin(), second / "tenon_larger_size.so");
  EXPECT_EQ(replaced(replaced(refusal_of(registry.get("x")), first.path().string(), "A"),
                     second.path().string(), "B"),
            "plugin x: is not in A and B");
}

TEST(PluginRegistry, ABadFileInTheFirstDirectoryIsNotPassedOver) {
  FakeDir first({}), second({"echo"});
  first.add("wrong_magic", "echo");
  PluginRegistry registry({{{first.path(), Trust::kInstalled}, {second.path(), Trust::kInstalled}}, {}, {}});
  EXPECT_EQ(first.without_path(refusal_of(registry.get("echo"))),
            "D/tenon_echo.so: magic is 1, expected 1313752404; this is not a Tenon plugin");
  fs::remove(first / "tenon_echo.so");
  fs::create_symlink("nowhere", first / "tenon_echo.so");
  EXPECT_EQ(first.without_path(refusal_of(registry.get("echo"))), "D/tenon_echo.so: No such file or directory");
}

TEST(PluginRegistry, TellsFilesApartThatAreLoadedOneAfterTheOther) {
  // A refused file's descriptor number is free for the next file, but the dynamic linker remembers the path.
  FakeDir dir({"wrong_magic", "echo", "other_id", "larger_size"});
  for (int round = 0; round < 3; ++round) {
    PluginRegistry registry = installed(dir);
    EXPECT_NE(refusal_of(registry.get("wrong_magic")), "");
    EXPECT_EQ(refusal_of(registry.get("echo")), "");
    EXPECT_NE(refusal_of(registry.get("other_id")), "");
    EXPECT_EQ(refusal_of(registry.get("larger_size")), "");
    EXPECT_STREQ(registry.get("larger_size").value()->entry().id, "larger_size");
  }
  PluginRegistry registry = installed(dir);
  EXPECT_STREQ(registry.get("larger_size").value()->entry().id, "larger_size");
}

TEST(PluginRegistry, KeepsPluginsLoadedAfterItsEnd) {
  FakeDir dir({"echo"});
  const tenon_plugin* entry = &PluginRegistry(installed(dir)).get("echo").value()->entry();
  EXPECT_STREQ(entry->id, "echo");
  EXPECT_NE(entry->get_interface(TENON_TOKEN_MIXER), nullptr);
}

TEST(PluginRegistry, NeedsLeaveForPluginsOutsideTheInstallation) {
  FakeDir dir({"echo", "larger_size"});
  PluginRegistry nobody = allowing(dir, {});
  EXPECT_EQ(dir.without_path(refusal_of(nobody.get("echo"))),
            "D/tenon_echo.so: is outside the installation and not allowed, expected --allow-plugin echo");
  PluginRegistry one = allowing(dir, {{"echo", std::nullopt}});
  EXPECT_EQ(refusal_of(one.get("echo")), "");
  EXPECT_NE(refusal_of(one.get("larger_size")), "");
}

TEST(PluginRegistry, ChecksTheSha256ThatWasAllowed) {
  FakeDir dir({"echo"});
  std::string right = PluginFile::open(dir.path(), "echo").value().sha256().value();
  PluginRegistry good = allowing(dir, {{"echo", right}});
  EXPECT_EQ(refusal_of(good.get("echo")), "");
  std::string wrong(64, '0');
  PluginRegistry bad = allowing(dir, {{"echo", wrong}});
  EXPECT_EQ(dir.without_path(refusal_of(bad.get("echo"))),
            "D/tenon_echo.so: SHA-256 is " + right + ", allowed is only " + wrong);
}

TEST(PluginRegistry, LeaveForOneDirectoryIsNoneForItsNamesake) {
  FakeDir outside({"echo"}), inside({"echo"});
  PluginRegistry registry(
      {{{outside.path(), Trust::kByName}, {inside.path(), Trust::kInstalled}}, {}, validator()});
  EXPECT_EQ(outside.without_path(refusal_of(registry.get("echo"))),
            "D/tenon_echo.so: is outside the installation and not allowed, expected --allow-plugin echo");
}

TEST(PluginRegistry, ReadsWhatIsAllowed) {
  EXPECT_EQ(PluginRegistry::parse_allowed("echo").value().name, "echo");
  EXPECT_FALSE(PluginRegistry::parse_allowed("echo").value().sha256.has_value());
  std::string hash = std::string(60, 'a') + "0123";
  EXPECT_EQ(PluginRegistry::parse_allowed("echo=" + hash).value().sha256, hash);
  for (const std::string& text :
       {std::string(""), std::string("="), std::string("echo="), "echo=" + hash.substr(1), "echo=" + hash + "0",
        "echo=" + std::string(64, 'A'), "echo=" + std::string(64, 'g'), "=" + hash, "../echo=" + hash,
        std::string("/tmp/tenon_echo.so"), "echo=" + hash + "="})
    EXPECT_EQ(refusal_of(PluginRegistry::parse_allowed(text)),
              "--allow-plugin: is \"" + text + "\", expected NAME or NAME=SHA256 (64 hexadecimal digits)");
}

TEST(PluginRegistry, ListsEveryFileWithItsReason) {
  FakeDir dir({"echo", "wrong_major"});
  dir.write("notes.txt", "not a plugin");
  dir.write("tenon_.so", "");
  chmod((dir / "tenon_.so").c_str(), 0755);
  fs::create_directory(dir / "tenon_dir.so");
  PluginRegistry registry = installed(dir);
  std::vector<PluginReport> reports = registry.list();
  ASSERT_EQ(reports.size(), 4u);
  EXPECT_EQ(reports[0].name, "");
  EXPECT_NE(reports[0].reason.find("is not a plugin name"), std::string::npos) << reports[0].reason;
  EXPECT_EQ(dir.without_path(reports[1].reason), "D/tenon_dir.so: is not a regular file, as a plugin must be");
  EXPECT_EQ(reports[2].name, "echo");
  EXPECT_EQ(reports[2].library, registry.get("echo").value());
  EXPECT_EQ(reports[2].reason, "");
  EXPECT_EQ(reports[3].name, "wrong_major");
  EXPECT_EQ(reports[3].library, nullptr);
}

TEST(PluginRegistry, ListsNothingForADirectoryThatIsNotThere) {
  PluginRegistry registry({{{"/nonexistent", Trust::kInstalled}}, {}, {}});
  EXPECT_TRUE(registry.list().empty());
}

constexpr tenon_token_mixer kTable = {
    sizeof(tenon_token_mixer),
    0,
    [](const tenon_host*, const tenon_config*, void**) noexcept { return TENON_UNSUPPORTED; },
    [](void*) noexcept {},
    [](void*, const tenon_model_shape*, const tenon_limits*, tenon_needs*) noexcept { return TENON_OK; },
    [](void*, const tenon_weights*) noexcept { return TENON_OK; },
    [](void*, const tenon_step*, const tenon_state*, const tenon_tensor*, const tenon_tensor*) noexcept {
      return TENON_OK;
    },
};
constexpr tenon_plugin kLinked = {sizeof(tenon_plugin),
                                  TENON_ABI_MAGIC,
                                  TENON_ABI_MAJOR,
                                  TENON_ABI_MINOR,
                                  "echo",
                                  "2",
                                  "linked",
                                  "",
                                  "",
                                  0,
                                  0,
                                  [](const char* id) noexcept -> const void* {
                                    return std::strcmp(id, TENON_TOKEN_MIXER) == 0 ? &kTable : nullptr;
                                  }};

TEST(PluginRegistry, PrefersPluginsThatAreLinkedIn) {
  FakeDir dir({"echo"});
  PluginRegistry registry = installed(dir);
  EXPECT_EQ(refusal_of(registry.add(kLinked, "this test")), "");
  EXPECT_EQ(registry.get("echo").value()->origin(), "this test");
}

TEST(PluginRegistry, RefusesASecondLinkedPluginOfTheSameName) {
  PluginRegistry registry({});
  EXPECT_EQ(refusal_of(registry.add(kLinked, "this test")), "");
  const PluginLibrary* first = registry.get("echo").value();
  EXPECT_EQ(refusal_of(registry.add(kLinked, "again")),
            "again: plugin echo is known already, expected one of each name");
  EXPECT_EQ(registry.get("echo").value(), first);
}

}  // namespace
}  // namespace tenon::testing
