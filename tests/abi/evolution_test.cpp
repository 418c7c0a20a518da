// What core/abi/CHANGES.md promises of versions to come: who knows less of a struct and who knows more get
// along. The plugin's side is the SDK's, for all five interfaces; plain_c_test.cpp has the same for a plugin
// without it.
#define FAKE_NAME "echo"
#include "one_mixer_model.hpp"
#include "sized.hpp"

#include <tests/fakes/fake.hpp>
#include <tests/testing/temp_dir.hpp>
#include <tests/testing/test_services.hpp>

#include <tenon/sdk/cache_manager.hpp>
#include <tenon/sdk/expert_layer.hpp>
#include <tenon/sdk/speculator.hpp>

namespace tenon::testing {
namespace {

using fakes::Echo;

// Returned by the entry below; set by each test.
const void* offered_table = nullptr;

tenon_plugin entry() {
  return fakes::entry_of({.get_interface = [](const char* id) noexcept -> const void* {
    return std::strcmp(id, TENON_TOKEN_MIXER) == 0 ? offered_table : nullptr;
  }});
}

Result<PluginObject<tenon_token_mixer>> make_mixer(const PluginLibrary& library, TestServices& services) {
  return PluginObject<tenon_token_mixer>::create(library, TENON_TOKEN_MIXER, {"echo", {}, {}},
                                                 services.make_host("echo"));
}

// y = x through the table, on one token.
void expect_echo(const PluginObject<tenon_token_mixer>& mixer, const tenon_step* step,
                 const tenon_state* state) {
  std::vector<float> x = {1, 2, 3, 4}, y(4);
  tenon_tensor tx = tensor_of(Matrix(x.data(), 1, 4)), ty = tensor_of(Matrix(y.data(), 1, 4));
  EXPECT_EQ(refusal_of(mixer.call(&tenon_token_mixer::forward, step, state, &tx, &ty)), "");
  EXPECT_EQ(y, x);
}

TEST(Abi, NothingIsReadBehindAnEntryOrATableOfVersion1_0) {
  TestServices services;
  Shorter<tenon_token_mixer> table(detail::token_mixer_table<Echo>);
  offered_table = table.get();
  Shorter<tenon_plugin> plugin(entry());
  auto library = PluginLibrary::adopt(*plugin.get(), "F");
  ASSERT_TRUE(library.ok()) << library.error().text;
  auto mixer = make_mixer(*library.value(), services);
  ASSERT_TRUE(mixer.ok()) << mixer.error().text;
  tenon_needs needs{sizeof(needs)};
  tenon_model_shape shape{sizeof(shape)};
  tenon_limits limits{sizeof(limits)};
  EXPECT_EQ(refusal_of(mixer.value().call(&tenon_token_mixer::plan, &shape, &limits, &needs)), "");
  EXPECT_EQ(needs.chunk_tokens, 1u);
  tenon_step step{sizeof(step)};
  tenon_state state{sizeof(state)};
  expect_echo(mixer.value(), &step, &state);
}

TEST(Abi, EntryAndTableOfALaterMinorAreAccepted) {
  TestServices services;
  Longer<tenon_token_mixer> table(detail::token_mixer_table<Echo>);
  offered_table = table.get();
  Longer<tenon_plugin> plugin(entry());
  auto library = PluginLibrary::adopt(*plugin.get(), "F");
  ASSERT_TRUE(library.ok()) << library.error().text;
  auto mixer = make_mixer(*library.value(), services);
  ASSERT_TRUE(mixer.ok()) << mixer.error().text;
  tenon_step step{sizeof(step)};
  tenon_state state{sizeof(state)};
  expect_echo(mixer.value(), &step, &state);
}

TEST(Abi, NeedsThatAnOlderPluginDoesNotKnowAreNone) {
  tenon_token_mixer table = detail::token_mixer_table<Echo>;
  table.plan = [](void*, const tenon_model_shape*, const tenon_limits*, tenon_needs* needs) noexcept {
    needs->chunk_tokens = 2;
    return TENON_OK;
  };
  offered_table = &table;
  tenon_plugin plugin = entry();
  PluginRegistry registry({{built_plugins()}, {}, {}});
  ASSERT_EQ(refusal_of(registry.add(plugin, "F")), "");
  auto assembly = Assembly::make(describe_with_mixer("echo"), registry, {});
  ASSERT_TRUE(assembly.ok()) << assembly.error().text;
  for (const tenon_needs& needs : assembly.value()->needs()) {
    EXPECT_EQ(needs.chunk_tokens, 2u);
    EXPECT_EQ(needs.bytes_per_token, 0u);
    EXPECT_EQ(needs.bytes_per_sequence, 0u);
    EXPECT_EQ(needs.saves_every_token, 0u);
  }
}

TEST(Abi, AFieldIsThereFromTheSizeThatHasAllOfIt) {
  tenon_needs needs{};
  for (uint32_t size = 0; size <= sizeof(needs); ++size) {
    needs.size = size;
    EXPECT_EQ(TENON_HAS(tenon_needs, &needs, chunk_tokens), size >= 8) << size;
    EXPECT_EQ(TENON_HAS(tenon_needs, &needs, bytes_per_sequence), size >= 24) << size;
    EXPECT_EQ(TENON_HAS(tenon_needs, &needs, reserved), size >= 40) << size;
  }
}

tenon_needs some_needs() { return {sizeof(tenon_needs), 64, 100, 200, 300, 1, 0}; }

TEST(Abi, WhatTheWriterDidNotKnowReadsAsZero) {
  Shorter<tenon_needs> older(some_needs(), offsetof(tenon_needs, workspace_bytes));
  tenon_needs read = detail::read_known(older.get());
  EXPECT_EQ(read.size, sizeof(tenon_needs));
  EXPECT_EQ(read.chunk_tokens, 64u);
  EXPECT_EQ(read.bytes_per_token, 100u);
  EXPECT_EQ(read.bytes_per_sequence, 200u);
  EXPECT_EQ(read.workspace_bytes, 0u);
  EXPECT_EQ(read.saves_every_token, 0u);
  Longer<tenon_needs> later(some_needs());
  read = detail::read_known(later.get());
  EXPECT_EQ(read.size, sizeof(tenon_needs));
  EXPECT_EQ(read.saves_every_token, 1u);
}

TEST(Abi, NothingIsWrittenThatTheReaderHasNoRoomFor) {
  Shorter<tenon_needs> older({}, offsetof(tenon_needs, workspace_bytes));
  detail::write_known(older.get(), some_needs());
  EXPECT_EQ(older.get()->size, offsetof(tenon_needs, workspace_bytes));
  EXPECT_EQ(older.get()->bytes_per_sequence, 200u);
  Longer<tenon_needs> later(tenon_needs{});
  uint32_t size = later.get()->size;
  detail::write_known(later.get(), some_needs());
  EXPECT_EQ(later.get()->size, size);
  EXPECT_EQ(later.get()->saves_every_token, 1u);
  EXPECT_TRUE(later.is_rest_untouched());
}

// A plugin of each interface that notes what it is told.

class NotingExperts : public ExpertLayer {
 public:
  static Result<std::unique_ptr<NotingExperts>> create(Host, Config) {
    return std::make_unique<NotingExperts>();
  }
  Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) override {
    tenon_needs needs = some_needs();
    needs.workspace_bytes = model.model_dim * limits.threads;
    return needs;
  }
  Status bind(Weights) override { return ok(); }
  Status forward(const tenon_step&, Matrix, Matrix) override { return ok(); }
};

class NotingCache : public CacheManager {
 public:
  static Result<std::unique_ptr<NotingCache>> create(Host, Config) { return std::make_unique<NotingCache>(); }
  Result<tenon_cache_plan> plan(const tenon_limits&, std::span<const tenon_needs> needs, uint64_t,
                                std::span<tenon_placement> placements) override {
    tenon_cache_plan made{sizeof(made)};
    for (size_t i = 0; i < needs.size(); ++i) {
      placements[i].slots_offset = made.pool_bytes;
      placements[i].slot_stride = needs[i].bytes_per_sequence;
      made.pool_bytes += needs[i].bytes_per_sequence;
    }
    return made;
  }
  Result<uint32_t> admit(uint64_t, const tenon_admission& admission) override { return admission.tokens - 1; }
  Status reserve(uint64_t, const tenon_reservation&) override { return ok(); }
  Status fill(const tenon_step&, std::span<const uint64_t>, tenon_cache_tables&) override { return ok(); }
  Status commit(uint64_t, uint32_t) override { return ok(); }
  void release(uint64_t) noexcept override {}
};

class NotingSpeculator : public Speculator {
 public:
  static Result<std::unique_ptr<NotingSpeculator>> create(Host, Config) {
    return std::make_unique<NotingSpeculator>();
  }
  Result<std::vector<tenon_needs>> plan(const tenon_model_shape&, const tenon_limits&) override {
    return std::vector<tenon_needs>(3, some_needs());
  }
  Status bind(Weights) override { return ok(); }
  // Proposes the page sizes of its layers.
  Status propose(const tenon_step&, const tenon_state* states, const tenon_draft& draft) override {
    for (uint32_t i = 0; i < draft.draft_tokens; ++i)
      draft.proposed[i] = static_cast<int32_t>(element_of(states, i)->page_tokens);
    return ok();
  }
};

// An object behind the SDK's table of its interface.
template <class Table>
class Object {
 public:
  explicit Object(const Table& table) : table_(table), host_(services_.make_host("noting")) {
    EXPECT_EQ(table_.create(host_->raw(), nullptr, &self_), TENON_OK);
  }
  ~Object() { table_.destroy(self_); }
  template <class Function, class... Args>
  tenon_status call(Function Table::*function, Args... args) {
    return (table_.*function)(self_, args...);
  }

 private:
  const Table& table_;
  TestServices services_;
  std::unique_ptr<PluginHost> host_;
  void* self_ = nullptr;
};

TEST(Abi, APlanFitsHostsOfEveryMinor) {
  Object experts(detail::expert_layer_table<NotingExperts>);
  tenon_model_shape shape{sizeof(shape), 16};
  tenon_limits limits{.size = sizeof(limits), .threads = 2};
  Longer<tenon_model_shape> later_shape(shape);
  Longer<tenon_limits> later_limits(limits);
  Longer<tenon_needs> later(tenon_needs{});
  EXPECT_EQ(experts.call(&tenon_expert_layer::plan, later_shape.get(), later_limits.get(), later.get()),
            TENON_OK);
  EXPECT_EQ(later.get()->workspace_bytes, 32u);
  EXPECT_TRUE(later.is_rest_untouched());

  Shorter<tenon_needs> older({}, offsetof(tenon_needs, saves_every_token));
  Shorter<tenon_model_shape> older_shape(shape, offsetof(tenon_model_shape, norm_offset));
  EXPECT_EQ(experts.call(&tenon_expert_layer::plan, older_shape.get(), &limits, older.get()), TENON_OK);
  EXPECT_EQ(older.get()->workspace_bytes, 32u);
  EXPECT_EQ(older.get()->size, offsetof(tenon_needs, saves_every_token));
}

TEST(Abi, ACacheManagerReadsNeedsOfEveryLength) {
  Object cache(detail::cache_manager_table<NotingCache>);
  tenon_limits limits{sizeof(limits)};
  std::vector<tenon_needs> needs(3, some_needs());
  needs[1].bytes_per_sequence = 1000, needs[2].bytes_per_sequence = 70;
  std::vector<tenon_placement> placements(3);
  auto plan_with = [&](const tenon_needs* given) {
    Longer<tenon_cache_plan> plan(tenon_cache_plan{});
    EXPECT_EQ(
        cache.call(&tenon_cache_manager::plan, &limits, given, 3u, UINT64_MAX, plan.get(), placements.data()),
        TENON_OK);
    EXPECT_EQ(plan.get()->pool_bytes, 1270u);
    EXPECT_EQ(placements[2].slots_offset, 1200u);
    EXPECT_EQ(placements[2].slot_stride, 70u);
    EXPECT_TRUE(plan.is_rest_untouched());
  };
  plan_with(needs.data());
  plan_with(Longer<tenon_needs>(needs).get());
}

TEST(Abi, ASpeculatorFindsItsWayThroughArraysOfLongerStructs) {
  Object speculator(detail::speculator_table<NotingSpeculator>);
  tenon_model_shape shape{sizeof(shape)};
  tenon_limits limits{sizeof(limits)};
  Longer<tenon_needs> needs(std::vector<tenon_needs>(4));
  uint32_t layers = 0;
  EXPECT_EQ(speculator.call(&tenon_speculator::plan, &shape, &limits, needs.get(), 4u, &layers), TENON_OK);
  EXPECT_EQ(layers, 3u);
  for (uint32_t i = 0; i < 4; ++i) EXPECT_EQ(needs[i].bytes_per_sequence, i < 3 ? 200u : 0u);
  EXPECT_TRUE(needs.is_rest_untouched());

  Longer<tenon_state> states({{.page_tokens = 5}, {.page_tokens = 6}, {.page_tokens = 7}});
  std::vector<int32_t> proposed(3);
  Longer<tenon_draft> draft(tenon_draft{.draft_tokens = 3, .proposed = proposed.data()});
  Longer<tenon_step> step(tenon_step{});
  EXPECT_EQ(speculator.call(&tenon_speculator::propose, step.get(), states.get(), draft.get()), TENON_OK);
  EXPECT_EQ(proposed, (std::vector<int32_t>{5, 6, 7}));
}

}  // namespace
}  // namespace tenon::testing
