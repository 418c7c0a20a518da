// That the plugins of the hash model notice what they are there to notice.
#include "plugins/oracle.hpp"

#include <tenon/abi/tenon_speculator.h>
#include <tenon/abi/tenon_token_mixer.h>
#include <tenon/base/check.hpp>
#include <tenon/model/plugin_object.hpp>
#include <tenon/model/plugin_registry.hpp>
#include <tenon/sdk/tensor.hpp>

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace tenon::sim {
namespace {

constexpr uint32_t kPageTokens = 16, kPages = 16, kWords = 3;
constexpr uint64_t kSlotBytes = kWords * sizeof(uint64_t), kPairBytes = 16;

// One object of a plugin, one sequence, and memory for it.
template <class Table>
class Bench {
 public:
  Bench(const char* interface_id, const std::string& plugin, std::map<std::string, ConfigValue> config)
      : pages(kPages * kPageTokens * kPairBytes), slots(2 * kSlotBytes) {
    PluginUse use{plugin, {}, Place{"test"}};
    for (auto& [key, value] : config) use.config.entries[key] = {value, Place{"test"}};
    auto library = registry_.get(plugin);
    TENON_CHECK(library.ok(), "{}", library.error().text);
    auto made = PluginObject<Table>::create(*library.value(), interface_id, use,
                                            std::make_unique<PluginHost>("test", "", services_));
    TENON_CHECK(made.ok(), "{}", made.error().text);
    object.emplace(std::move(made).value());
    for (uint32_t i = 0; i < kPages; ++i) page_table[i] = static_cast<int32_t>(kPages - 1 - i);
  }

  // Points step and state at tokens [first, first + count). The state goes from slot 0 to slot 0.
  void lay_out(uint32_t first, uint32_t count, int32_t phase, int32_t context_first = 0) {
    positions_.clear();
    for (uint32_t i = 0; i < count; ++i) positions_.push_back(static_cast<int32_t>(first + i));
    token_start_[1] = static_cast<int32_t>(count), phase_ = phase;
    context_first_ = context_first, context_length_ = static_cast<int32_t>(first);
    slot_save.assign(count, phase == TENON_DECODE ? 0 : -1);
    slot_save.back() = 0;
    step = {sizeof(step),    count,           1, 0, positions_.data(), token_start_, &phase_,
            &context_first_, &context_length_};
    state = {sizeof(state),   kPageTokens,
             kPages,          0,
             pages.data(),    kPageTokens * kPairBytes,
             page_table,      slots.data(),
             kSlotBytes,      &slot_start_,
             slot_save.data()};
  }

  tenon_step step{};
  tenon_state state{};
  std::vector<std::byte> pages, slots;
  int32_t page_table[kPages];
  std::vector<int32_t> slot_save;
  std::optional<PluginObject<Table>> object;

 private:
  PluginRegistry registry_{{{{TENON_SIM_PLUGINS, PluginDirectory::Trust::kInstalled}}, {}, {}}};
  ThreadPool threads_{1};
  DenseOps ops_{Isa::kScalar, threads_};
  TraceSink trace_;
  Services services_{&ops_, &trace_};
  std::vector<int32_t> positions_;
  int32_t token_start_[2] = {0, 0}, phase_ = 0, context_first_ = 0, context_length_ = 0, slot_start_ = 0;
};

std::vector<float> one_hot(const std::vector<int32_t>& tokens) {
  std::vector<float> rows(tokens.size() * kVocabulary);
  for (size_t i = 0; i < tokens.size(); ++i) rows[i * kVocabulary + static_cast<size_t>(tokens[i])] = 8;
  return rows;
}

std::vector<int32_t> some_tokens(uint32_t count) {
  std::vector<int32_t> tokens;
  for (uint32_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(mix(i, 77) % kAnswerTokens));
  return tokens;
}

class Mixer : public Bench<tenon_token_mixer> {
 public:
  explicit Mixer(const std::string& plugin)
      : Bench(TENON_TOKEN_MIXER, plugin, {{"layer", int64_t{0}}, {"gain", 1.0}}) {}

  // The mixer's answers to `count` of its tokens.
  std::vector<int32_t> run(uint32_t first, uint32_t count, int32_t phase) {
    lay_out(first, count, phase);
    std::vector<float> x = one_hot({tokens_.begin() + first, tokens_.begin() + first + count}), y(x.size());
    tenon_tensor tx = tensor_of(Matrix(x.data(), count, kVocabulary)),
                 ty = tensor_of(Matrix(y.data(), count, kVocabulary));
    Status status = object->call(&tenon_token_mixer::forward, &step, &state, &tx, &ty);
    EXPECT_TRUE(status.ok()) << status.error().text;
    std::vector<int32_t> answers;
    for (uint32_t i = 0; i < count; ++i)
      answers.push_back(static_cast<int32_t>(
          std::max_element(y.begin() + i * kVocabulary, y.begin() + (i + 1) * kVocabulary) - y.begin() -
          i * kVocabulary));
    return answers;
  }

  // The answers to 100 prompt tokens and 20 decoded ones, by the oracle of one recurrent layer.
  std::vector<int32_t> expected() const {
    RecurrentOracle oracle(0);
    std::vector<int32_t> answers;
    for (uint32_t i = 0; i < 120; ++i)
      answers.push_back(oracle.consume(tokens_[i], i, i < 100 ? TENON_PREFILL : TENON_DECODE));
    return {answers.end() - 20, answers.end()};
  }

 private:
  std::vector<int32_t> tokens_ = some_tokens(200);
};

TEST(HashRecurrent, AnswersAsDefined) {
  Mixer whole("hash_recurrent"), cut("hash_recurrent");
  whole.run(0, 100, TENON_PREFILL);
  EXPECT_EQ(whole.run(100, 20, TENON_DECODE), whole.expected());
  cut.run(0, 64, TENON_PREFILL), cut.run(64, 36, TENON_PREFILL);
  EXPECT_EQ(cut.run(100, 20, TENON_DECODE), cut.expected());
}

TEST(HashRecurrent, APrefillCutWithinAChunkEndsInAnotherState) {
  Mixer mixer("hash_recurrent");
  mixer.run(0, 50, TENON_PREFILL), mixer.run(50, 50, TENON_PREFILL);
  EXPECT_NE(mixer.run(100, 20, TENON_DECODE), mixer.expected());
}

TEST(HashRecurrent, DecodingAPromptEndsInAnotherState) {
  Mixer mixer("hash_recurrent");
  mixer.run(0, 99, TENON_PREFILL), mixer.run(99, 1, TENON_DECODE);
  EXPECT_NE(mixer.run(100, 20, TENON_DECODE), mixer.expected());
}

TEST(HashRecurrent, AChangeOfAnyWordOfItsStateIsSeen) {
  for (uint32_t word = 0; word < kWords; ++word) {
    Mixer mixer("hash_recurrent");
    mixer.run(0, 100, TENON_PREFILL);
    mixer.slots[word * sizeof(uint64_t) + 7] ^= std::byte{1};
    EXPECT_NE(mixer.run(100, 20, TENON_DECODE), mixer.expected()) << word;
  }
}

TEST(HashPaged, AChangeOfAnyPageOfTheContextIsSeen) {
  Mixer untouched("hash_paged");
  untouched.run(0, 100, TENON_PREFILL);
  std::vector<int32_t> expected = untouched.run(100, 20, TENON_DECODE);
  for (uint32_t page = 0; page < 6; ++page) {
    Mixer mixer("hash_paged");
    mixer.run(0, 100, TENON_PREFILL);
    std::swap(mixer.page_table[page], mixer.page_table[kPages - 1]);
    EXPECT_NE(mixer.run(100, 20, TENON_DECODE), expected) << page;
  }
}

// Pairs of a prompt and the speculator's check of them.
class Speculator : public Bench<tenon_speculator> {
 public:
  Speculator()
      : Bench(TENON_SPECULATOR, "hash_speculator",
              {{"right_percent", int64_t{100}}, {"silent_percent", int64_t{0}}}) {
    history = some_tokens(100);
    history.back() = kEndOfPrompt;
    Oracle oracle;
    for (int32_t token : history) next.push_back(oracle.consume(token, TENON_PREFILL));
    history.push_back(next.back());
    for (int i = 0; i < 3; ++i)
      truth.push_back(i ? oracle.consume(truth.back(), TENON_DECODE)
                        : oracle.consume(next.back(), TENON_DECODE));
  }

  // Learns pairs [first, end); guesses three tokens if the last is among them.
  Status learn(uint32_t first, uint32_t end) {
    lay_out(first, end - first, TENON_PREFILL, 1);
    std::vector<float> rows = one_hot({next.begin() + first - 1, next.begin() + end - 1});
    tenon_tensor hidden = tensor_of(Matrix(rows.data(), end - first, kVocabulary));
    const int32_t* histories[] = {history.data()};
    uint32_t lengths[] = {static_cast<uint32_t>(history.size())};
    proposed.assign(3, -1);
    uint32_t count = end == history.size() ? 3 : 0;
    tenon_draft draft{sizeof(draft), count,   history.data() + first, &hidden,
                      histories,     lengths, proposed.data()};
    return object->call(&tenon_speculator::propose, &step, &state, &draft);
  }

  std::vector<int32_t> history, next, truth, proposed;  // next: what the model puts after each token
};

TEST(HashSpeculator, GuessesRightIfItIsToldTo) {
  Speculator speculator;
  ASSERT_TRUE(speculator.learn(1, 64).ok());
  Status status = speculator.learn(64, 101);
  ASSERT_TRUE(status.ok()) << status.error().text;
  EXPECT_EQ(speculator.proposed, speculator.truth);
}

TEST(HashSpeculator, APairThatWasSkippedIsSeen) {
  Speculator speculator;
  ASSERT_TRUE(speculator.learn(1, 64).ok());
  EXPECT_FALSE(speculator.learn(65, 101).ok());
}

TEST(HashSpeculator, AHiddenStateOfAnotherPositionIsSeen) {
  Speculator speculator;
  speculator.next[30] = (speculator.next[30] + 1) % kAnswerTokens;
  EXPECT_FALSE(speculator.learn(1, 64).ok());
}

TEST(HashSpeculator, ATokenOfAnotherSequenceIsSeen) {
  Speculator speculator;
  ASSERT_TRUE(speculator.learn(1, 64).ok());
  speculator.history[30] = (speculator.history[30] + 1) % kAnswerTokens;
  EXPECT_FALSE(speculator.learn(64, 101).ok());
}

TEST(Failpoint, EndsEveryNthCall) {
  Bench<tenon_token_mixer> failing(TENON_TOKEN_MIXER, "hash_recurrent",
                                   {{"layer", int64_t{0}}, {"gain", 1.0}, {"fail_every", int64_t{3}}});
  std::vector<float> x = one_hot({1}), y(x.size());
  tenon_tensor tx = tensor_of(Matrix(x.data(), 1, kVocabulary)),
               ty = tensor_of(Matrix(y.data(), 1, kVocabulary));
  std::string outcome;
  for (int call = 0; call < 6; ++call) {
    failing.lay_out(0, 1, TENON_PREFILL);
    outcome += failing.object->call(&tenon_token_mixer::forward, &failing.step, &failing.state, &tx, &ty).ok()
                   ? '+'
                   : '-';
  }
  EXPECT_EQ(outcome, "++-++-");
}

}  // namespace
}  // namespace tenon::sim
