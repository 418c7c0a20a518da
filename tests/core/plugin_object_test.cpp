// Creating objects of plugins that do it well and badly. The libraries are loaded without a probe, so that what
// is tried here is the core's own patience.
#include "fake_plugins.hpp"

#include <tests/testing/test_services.hpp>

#include <tenon/abi/tenon_expert_layer.h>
#include <tenon/abi/tenon_token_mixer.h>

namespace tenon::testing {
namespace {

// Creates an object of a fake with this configuration.
class Created {
 public:
  explicit Created(const std::string& name, const std::map<std::string, ConfigValue>& config = {})
      : dir_({name}), registry_(installed(dir_)), result_(create(name, config)) {}

  Result<PluginObject<tenon_token_mixer>>& operator*() { return result_; }
  std::string refusal() const { return dir_.without_path(refusal_of(result_)); }
  tenon_status code() const { return result_.ok() ? TENON_OK : result_.error().code; }

 private:
  Result<PluginObject<tenon_token_mixer>> create(const std::string& name,
                                                 const std::map<std::string, ConfigValue>& config) {
    TENON_TRY(const PluginLibrary* library, registry_.get(name));
    PluginUse use{name, {}, {"m.toml", 5, 10}};
    use.config.place = {"m.toml", 4, 1};
    for (const auto& [key, value] : config) use.config.entries[key] = {value, {"m.toml", 6, 8}};
    return PluginObject<tenon_token_mixer>::create(*library, TENON_TOKEN_MIXER, use,
                                                   services_.make_host("layer 3: " + name));
  }

  FakeDir dir_;
  PluginRegistry registry_;
  TestServices services_;
  Result<PluginObject<tenon_token_mixer>> result_;
};

TEST(PluginObject, CallsAGoodPluginThroughItsTable) {
  Created echo("echo", {{"gain", int64_t{2}}});
  ASSERT_EQ(echo.refusal(), "");
  PluginObject<tenon_token_mixer>& object = (*echo).value();
  EXPECT_EQ(object.place(), "layer 3: echo");
  tenon_model_shape shape{};
  tenon_limits limits{};
  tenon_needs needs{sizeof(needs)};
  EXPECT_TRUE(object.call(&tenon_token_mixer::plan, &shape, &limits, &needs).ok());
  EXPECT_EQ(needs.chunk_tokens, 1u);
  tenon_step step{};
  tenon_state state{};
  float x[4] = {1, 2, 3, 4}, y[4] = {};
  tenon_tensor tx = tensor_of(Matrix(x, 2, 2)), ty = tensor_of(Matrix(y, 2, 2));
  EXPECT_TRUE(object.call(&tenon_token_mixer::forward, &step, &state, &tx, &ty).ok());
  EXPECT_EQ(y[3], 4.0f);
}

TEST(PluginObject, ChecksTheConfigurationBeforeThePluginSeesIt) {
  EXPECT_EQ(Created("echo", {{"gain", 9.0}}).refusal(),
            "layer 3: echo: gain is 9.0, must be a number >0 <=8 (m.toml:6:8)");
  EXPECT_EQ(Created("echo", {{"gian", 1.0}}).refusal(),
            "layer 3: echo: has no key gian (did you mean gain?), it takes gain (m.toml:6:8)");
}

TEST(PluginObject, RefusesAPluginThatIsSomethingElse) {
  FakeDir dir({"echo"});
  PluginRegistry registry = installed(dir);
  TestServices services;
  PluginUse use{"echo", {}, {"m.toml", 5, 10}};
  auto object = PluginObject<tenon_expert_layer>::create(*registry.get("echo").value(), TENON_EXPERT_LAYER, use,
                                                         services.make_host("layer 3: echo"));
  EXPECT_EQ(refusal_of(object),
            "echo: is no tenon.expert_layer/1, it offers tenon.token_mixer/1 (m.toml:5:10)");
}

TEST(PluginObject, TurnsExceptionsIntoErrors) {
  Created standard("create_throws"), other("create_throws_int");
  EXPECT_EQ(standard.refusal(), "layer 3: create_throws: exception: boom");
  EXPECT_EQ(standard.code(), TENON_INTERNAL);
  EXPECT_EQ(other.refusal(), "layer 3: create_throws_int: exception of unknown type");
  EXPECT_EQ(other.code(), TENON_INTERNAL);
}

TEST(PluginObject, NamesAFailureWithoutAReason) {
  EXPECT_EQ(Created("create_no_reason").refusal(), "layer 3: create_no_reason: invalid input, no reason given");
  EXPECT_EQ(Created("create_null_reason").refusal(),
            "layer 3: create_null_reason: invalid input, no reason given");
}

TEST(PluginObject, DestroysNothingThatAFailedCreateLeftBehind) {
  Created created("create_writes_self");
  EXPECT_EQ(created.refusal(), "layer 3: create_writes_self: not today");
  EXPECT_EQ(created.code(), TENON_UNSUPPORTED);
}

TEST(PluginObject, RefusesASuccessWithoutAnObject) {
  Created created("create_without_object");
  EXPECT_EQ(created.refusal(), "layer 3: create_without_object: create succeeded without making an object");
  EXPECT_EQ(created.code(), TENON_INTERNAL);
}

TEST(PluginObject, RefusesAPluginThatReadsWhatItsSchemaDoesNotHave) {
  Created created("reads_unknown_key");
  EXPECT_EQ(created.refusal(),
            "layer 3: reads_unknown_key: asked for depth, which its schema does not have as an int");
  EXPECT_EQ(created.code(), TENON_INTERNAL);
}

TEST(PluginObject, MovesWithoutDestroyingTwice) {
  Created first("echo"), second("echo");
  PluginObject<tenon_token_mixer> object = std::move(*first).value();
  void* self = object.self();
  PluginObject<tenon_token_mixer> other = std::move(*second).value();
  other = std::move(object);
  EXPECT_EQ(other.self(), self);
}

}  // namespace
}  // namespace tenon::testing
