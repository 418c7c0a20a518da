// What a plugin's entry must say before anything else of it is used. Most of it is tried on entries made by
// hand; the shared objects of tests/fakes show that a loaded file takes the same way.
#include "fake_plugins.hpp"

#include <tenon/abi/tenon_position_encoding.h>
#include <tenon/abi/tenon_token_mixer.h>
#include <tenon/base/isa.hpp>

#include <cstring>

namespace tenon::testing {
namespace {

tenon_status create(const tenon_host*, const tenon_config*, void**) noexcept { return TENON_OK; }
void destroy(void*) noexcept {}
tenon_status fill(void*, uint32_t, float*, float*) noexcept { return TENON_OK; }

constexpr tenon_position_encoding kTable = {sizeof(tenon_position_encoding), 0, create, destroy, fill};

// An entry with nothing wrong.
tenon_plugin good() {
  return {sizeof(tenon_plugin),
          TENON_ABI_MAGIC,
          TENON_ABI_MAJOR,
          TENON_ABI_MINOR,
          "x",
          "1.0.0",
          "a test",
          "theta : float = 1  # base",
          "tenon.log/1",
          TENON_ISA_SCALAR,
          0,
          [](const char* id) noexcept -> const void* {
            return std::strcmp(id, TENON_POSITION_ENCODING) == 0 ? &kTable : nullptr;
          }};
}

std::string refusal(const tenon_plugin& entry) { return refusal_of(PluginLibrary::adopt(entry, "F")); }

template <class Change>
std::string refusal_with(Change&& change) {
  tenon_plugin entry = good();
  change(entry);
  return refusal(entry);
}

TEST(PluginLibrary, TellsWhatAGoodPluginSays) {
  tenon_plugin entry = good();
  auto library = PluginLibrary::adopt(entry, "F");
  ASSERT_TRUE(library.ok()) << library.error().text;
  EXPECT_EQ(library.value()->id(), "x");
  EXPECT_EQ(library.value()->origin(), "F");
  EXPECT_EQ(library.value()->interfaces(), std::vector<std::string>{TENON_POSITION_ENCODING});
  EXPECT_EQ(library.value()->schema().keys().size(), 1u);
  EXPECT_EQ(library.value()->get_table<tenon_position_encoding>(TENON_POSITION_ENCODING).value(), &kTable);
  EXPECT_EQ(refusal_of(library.value()->get_table<tenon_token_mixer>(TENON_TOKEN_MIXER)),
            "x: is no tenon.token_mixer/1, it offers tenon.position_encoding/1");
}

TEST(PluginLibrary, RefusesAnotherMagicOrVersion) {
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.magic = 1; }),
            "F: magic is 1, expected 1313752404; this is not a Tenon plugin");
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.abi_major = 2; }),
            "F: was built for plugin ABI 2.2, this Tenon offers 1.2; rebuild the plugin");
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.abi_major = 0; }),
            "F: was built for plugin ABI 0.2, this Tenon offers 1.2; rebuild the plugin");
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.abi_minor = 7; }),
            "F: was built for plugin ABI 1.7, this Tenon offers 1.2; a newer Tenon is needed");
}

TEST(PluginLibrary, SaysThatAPluginIsOfAnotherMajorBeforeItReadsFurther) {
  EXPECT_EQ(refusal_with(
                [](tenon_plugin& e) { e.abi_major = 9, e.size = 16, e.id = reinterpret_cast<const char*>(1); }),
            "F: was built for plugin ABI 9.2, this Tenon offers 1.2; rebuild the plugin");
}

TEST(PluginLibrary, RefusesAnEntryThatIsTooShort) {
  for (uint32_t size : {0u, 16u, 71u})
    EXPECT_EQ(refusal_with([&](tenon_plugin& e) { e.size = size; }),
              "F: size is " + std::to_string(size) + ", expected at least 72");
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.size = 4096; }), "");
}

TEST(PluginLibrary, RefusesMissingParts) {
  constexpr const char* kMissing =
      "F: id, version, summary, schema, services and get_interface must all be there";
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.id = nullptr; }), kMissing);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.version = nullptr; }), kMissing);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.summary = nullptr; }), kMissing);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.schema = nullptr; }), kMissing);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.services = nullptr; }), kMissing);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.get_interface = nullptr; }), kMissing);
}

TEST(PluginLibrary, RefusesIdsThatAreNoNames) {
  for (const char* id : {"", "X", "a b", "../x", "a/b"})
    EXPECT_EQ(refusal_with([&](tenon_plugin& e) { e.id = id; }),
              "F: id is \"" + std::string(id) + "\", expected " + kPluginNameRule);
  std::string shown = refusal_with([](tenon_plugin& e) { e.id = "\x1b[2J"; });
  EXPECT_EQ(shown.find('\x1b'), std::string::npos) << shown;
}

TEST(PluginLibrary, RefusesServicesThatThisHostDoesNotOffer) {
  const std::string offered =
      ", this Tenon offers tenon.log/1, tenon.ops/1, tenon.threads/1, tenon.trace/1 and tenon.layers/1";
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.services = "tenon.log/1 tenon.magic/1"; }),
            "F: needs the service tenon.magic/1" + offered);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.services = "tenon.log/2"; }),
            "F: needs the service tenon.log/2" + offered);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.services = "tenon.log/1,tenon.ops/1"; }),
            "F: needs the service tenon.log/1,tenon.ops/1" + offered);
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.services = " tenon.ops/1  tenon.log/1\n"; }), "");
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.services = ""; }), "");
}

TEST(PluginLibrary, RefusesAnInstructionSetThatTheProcessorLacks) {
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.isa = 99; }),
            std::string("F: was compiled for instruction set 99, this processor goes only up to ") +
                name_of(widest_isa()));
  EXPECT_EQ(refusal_with([](tenon_plugin& e) { e.isa = static_cast<uint32_t>(widest_isa()); }), "");
}

TEST(PluginLibrary, RefusesASchemaThatDoesNotParse) {
  EXPECT_EQ(
      refusal_with([](tenon_plugin& e) { e.schema = "a : int  # first\nb : complex  # second"; }),
      "F: schema line 2 is \"b : complex  # second\", expected name : type [rule...] [= default]  # text");
}

TEST(PluginLibrary, RefusesAPluginWithoutAnInterface) {
  EXPECT_EQ(refusal_with([](tenon_plugin& e) {
              e.get_interface = [](const char*) noexcept -> const void* { return nullptr; };
            }),
            "F: offers no interface that this Tenon knows, expected one of tenon.token_mixer/1, "
            "tenon.expert_layer/1, "
            "tenon.cache_manager/1, tenon.speculator/1 and tenon.position_encoding/1");
}

template <const tenon_position_encoding& Table>
std::string refusal_with_table() {
  return refusal_with([](tenon_plugin& e) {
    e.get_interface = [](const char* id) noexcept -> const void* {
      return std::strcmp(id, TENON_POSITION_ENCODING) == 0 ? &Table : nullptr;
    };
  });
}

constexpr tenon_position_encoding kShort = {24, 0, create, destroy, nullptr};
constexpr tenon_position_encoding kWithoutSize = {0, 0, create, destroy, fill};
constexpr tenon_position_encoding kWithHole = {sizeof(tenon_position_encoding), 0, create, nullptr, fill};
constexpr tenon_position_encoding kLonger = {sizeof(tenon_position_encoding) + 64, 0, create, destroy, fill};

TEST(PluginLibrary, RefusesTablesThatAreTooShortOrHaveHoles) {
  EXPECT_EQ(refusal_with_table<kShort>(),
            "F: the table of tenon.position_encoding/1 is 24 bytes long, expected at least 32");
  EXPECT_EQ(refusal_with_table<kWithoutSize>(),
            "F: the table of tenon.position_encoding/1 is 0 bytes long, expected at least 32");
  EXPECT_EQ(refusal_with_table<kWithHole>(), "F: the table of tenon.position_encoding/1 lacks a function");
}

TEST(PluginLibrary, AcceptsATableOfALaterMinor) { EXPECT_EQ(refusal_with_table<kLonger>(), ""); }

// From here on shared objects. In trusted directories: no probe stands between them and this process.

TEST(PluginLibrary, LoadsAGoodFile) {
  FakeDir dir({"echo"});
  PluginRegistry registry = installed(dir);
  auto library = registry.get("echo");
  ASSERT_TRUE(library.ok()) << library.error().text;
  EXPECT_EQ(library.value()->id(), "echo");
  EXPECT_EQ(library.value()->origin(), dir.path().string() + "/tenon_echo.so");
  EXPECT_EQ(library.value()->interfaces(), std::vector<std::string>{TENON_TOKEN_MIXER});
  EXPECT_EQ(refusal_of_installed("larger_size"), "");
}

TEST(PluginLibrary, NamesFileFieldFoundAndExpectedOfEveryBadFile) {
  const std::pair<const char*, std::string> fakes[] = {
      {"absent_isa", "was compiled for instruction set 99, this processor goes only up to " +
                         std::string(name_of(widest_isa()))},
      {"bad_id", std::string("id is \"../../\\x1b[2Jroot\", expected ") + kPluginNameRule},
      {"bad_schema",
       "schema line 2 is \"width : metres  # no such type\", expected name : type [rule...] [= default]  # "
       "text"},
      {"function_symbol", "tenon_plugin_entry is no data, expected a tenon_plugin"},
      {"missing_symbol", "does not export tenon_plugin_entry, as every plugin must"},
      {"newer_minor", "was built for plugin ABI 1.3, this Tenon offers 1.2; a newer Tenon is needed"},
      {"no_interface",
       "offers no interface that this Tenon knows, expected one of tenon.token_mixer/1, tenon.expert_layer/1, "
       "tenon.cache_manager/1, tenon.speculator/1 and tenon.position_encoding/1"},
      {"null_strings", "id, version, summary, schema, services and get_interface must all be there"},
      {"other_id", "id is \"echo\", expected other_id as in the file's name"},
      {"short_table", "the table of tenon.token_mixer/1 is 16 bytes long, expected at least 48"},
      {"small_size", "size is 64, expected at least 72"},
      {"table_with_hole", "the table of tenon.token_mixer/1 lacks a function"},
      {"unknown_service",
       "needs the service tenon.time_travel/2, this Tenon offers tenon.log/1, tenon.ops/1, tenon.threads/1, "
       "tenon.trace/1 and tenon.layers/1"},
      {"wrong_magic", "magic is 1, expected 1313752404; this is not a Tenon plugin"},
      {"wrong_major", "was built for plugin ABI 2.2, this Tenon offers 1.2; rebuild the plugin"},
  };
  for (const auto& [name, expected] : fakes)
    EXPECT_EQ(refusal_of_installed(name), "D/tenon_" + std::string(name) + ".so: " + expected);
}

TEST(PluginLibrary, ReadsNoFurtherThanTheSymbolReaches) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer makes every symbol longer than it is";
#endif
  EXPECT_EQ(refusal_of_installed("short_symbol"),
            "D/tenon_short_symbol.so: tenon_plugin_entry is 8 bytes long, expected a tenon_plugin");
  EXPECT_EQ(refusal_of_installed("lying_size"),
            "D/tenon_lying_size.so: size is 72, but tenon_plugin_entry is only 16 bytes long");
}

TEST(PluginLibrary, RefusesFilesThatAreNoSharedObjects) {
  TempDir dir;
  auto refusal_of_content = [&](const std::string& content) {
    chmod(dir.write("tenon_x.so", content).c_str(), 0755);
    PluginRegistry registry({{{dir.path(), PluginDirectory::Trust::kInstalled}}, {}, {}});
    return replaced(refusal_of(registry.get("x")), dir.path().string(), "D");
  };
  EXPECT_TRUE(refusal_of_content("").starts_with("D/tenon_x.so: cannot be loaded: ")) << refusal_of_content("");
  EXPECT_TRUE(refusal_of_content("#!/bin/sh\n").starts_with("D/tenon_x.so: cannot be loaded: "));
  std::string whole = content_of(built_fake("echo"));
  EXPECT_TRUE(refusal_of_content(whole.substr(0, 4)).starts_with("D/tenon_x.so: cannot be loaded: "));
  for (size_t bytes : {size_t{64}, size_t{1000}, whole.size() / 2})
    EXPECT_EQ(refusal_of_content(whole.substr(0, bytes)),
              "D/tenon_x.so: is cut short, its segments reach beyond its " + std::to_string(bytes) + " bytes");
}

}  // namespace
}  // namespace tenon::testing
