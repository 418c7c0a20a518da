// The plugin of plain_c.c, which knows core/abi and nothing else of Tenon: through the registry, its life from
// create to destroy, in a whole model, and among hosts of other minors.
#include "one_mixer_model.hpp"
#include "sized.hpp"

#include <tests/core/fake_plugins.hpp>
#include <tests/testing/test_services.hpp>

namespace tenon::testing {
namespace {

using Mixer = PluginObject<tenon_token_mixer>;

class PlainC : public ::testing::Test {
 protected:
  Result<Mixer> create(ConfigTable config = {}) {
    const PluginLibrary* library = registry_.get("plain_c").value();
    return Mixer::create(*library, TENON_TOKEN_MIXER, {"plain_c", std::move(config), {}},
                         services_.make_host("layer 0"));
  }
  Status plan(const Mixer& mixer, tenon_needs* needs) {
    tenon_model_shape shape{.size = sizeof(shape), .model_dim = 4};
    tenon_limits limits{.size = sizeof(limits)};
    return mixer.call(&tenon_token_mixer::plan, Longer(shape).get(), Longer(limits).get(), needs);
  }

  FakeDir dir_{{"plain_c"}};
  PluginRegistry registry_ = installed(dir_);
  TestServices services_;
};

ConfigTable counting(int64_t tokens) {
  ConfigTable table;
  table.entries["token_counts"] = {tokens, {"m.toml", 3, 1}};
  return table;
}

TEST_F(PlainC, IsLoadedLikeAnyOther) {
  auto library = registry_.get("plain_c");
  ASSERT_TRUE(library.ok()) << library.error().text;
  EXPECT_EQ(library.value()->interfaces(), std::vector<std::string>{TENON_TOKEN_MIXER});
}

TEST_F(PlainC, PassesTheProbeThatUnknownFilesMustPass) { EXPECT_EQ(refusal_of_allowed("plain_c"), ""); }

TEST_F(PlainC, RefusesItsConfigurationInTheCoresWords) {
  EXPECT_EQ(refusal_of(create(counting(3))), "");
  EXPECT_EQ(refusal_of(create(counting(2))), "layer 0: token_counts is 2, must be an odd number (m.toml:3:1)");
}

TEST_F(PlainC, MixesOnHostsOfALaterMinor) {
  Mixer mixer = create(counting(3)).value();
  Longer<tenon_needs> needs(tenon_needs{});
  ASSERT_EQ(refusal_of(plan(mixer, needs.get())), "");
  EXPECT_EQ(needs.get()->bytes_per_sequence, 8u);
  EXPECT_TRUE(needs.is_rest_untouched());

  std::vector<uint64_t> slots = {0, 10};
  std::vector<int32_t> token_start = {0, 2}, context_first = {0}, context_length = {5}, slot_start = {1},
                       slot_save = {-1, 0};
  Longer<tenon_step> step(tenon_step{.tokens = 2,
                                     .sequences = 1,
                                     .token_start = token_start.data(),
                                     .context_first = context_first.data(),
                                     .context_length = context_length.data()});
  Longer<tenon_state> state(tenon_state{
      .slots = slots.data(), .slot_stride = 8, .slot_start = slot_start.data(), .slot_save = slot_save.data()});
  std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8}, y(8);
  tenon_tensor tx = tensor_of(Matrix(x.data(), 2, 4)), ty = tensor_of(Matrix(y.data(), 2, 4));
  ASSERT_EQ(refusal_of(mixer.call(&tenon_token_mixer::forward, step.get(), state.get(), &tx, &ty)), "");
  EXPECT_EQ(y, x);
  EXPECT_EQ(slots, (std::vector<uint64_t>{16, 10}));

  tenon_tensor narrow = tensor_of(Matrix(x.data(), 2, 3));
  EXPECT_EQ(refusal_of(mixer.call(&tenon_token_mixer::forward, step.get(), state.get(), &narrow, &ty)),
            "layer 0: rows of 3 numbers, planned were 4");
}

TEST_F(PlainC, PlansOnHostsOfAnEarlierMinor) {
  Mixer mixer = create().value();
  Shorter<tenon_needs> needs({}, offsetof(tenon_needs, saves_every_token));
  ASSERT_EQ(refusal_of(plan(mixer, needs.get())), "");
  EXPECT_EQ(needs.get()->size, offsetof(tenon_needs, saves_every_token));
  EXPECT_EQ(needs.get()->bytes_per_sequence, 8u);
}

TEST_F(PlainC, RunsInAWholeModel) {
  PluginRegistry registry({{{dir_.path(), PluginDirectory::Trust::kInstalled}, built_plugins()}, {}, {}});
  auto assembly = Assembly::make(describe_with_mixer("plain_c"), registry, {});
  ASSERT_TRUE(assembly.ok()) << assembly.error().text;
  auto engine = Engine::make(*assembly.value());
  ASSERT_TRUE(engine.ok()) << engine.error().text;
  // Without a mixer's help each token depends on the one before it alone.
  Request first = make_request(70, 5, 1), second = make_request(7, 5, 2);
  second.prompt.back() = first.prompt.back();
  std::vector<Outcome> outcomes = run_all(*engine.value(), {first, second});
  EXPECT_EQ(outcomes[0].error, "");
  EXPECT_EQ(outcomes[0].tokens.size(), 5u);
  EXPECT_EQ(outcomes[0].tokens, outcomes[1].tokens);
}

}  // namespace
}  // namespace tenon::testing
