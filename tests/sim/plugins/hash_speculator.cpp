// A speculator that knows the hash model's definition, and is wrong as often as it is told to be.
//
// It keeps every pair in pages of its own and checks all of them at each call: the token against the sequence's
// history, the hidden state against the definition. Whatever is not as it was learnt fails the call. A sequence
// that begins with what another computed does not know the hidden state at its first pair; zeros stand for it.
#include "oracle.hpp"
#include "pages.hpp"

#include <tenon/sdk/speculator.hpp>

namespace tenon::sim {
namespace {

constexpr const char* kSchema = R"(
right_percent : int >=0 <=100 = 70  # of guesses
silent_percent : int >=0 <=100 = 5  # of guesses that are withheld, with all behind them
fail_every    : int >=0 = 0         # calls of propose; 0: never
one_path      : bool = false        # whether a prefill comes to what a decode would
)";
constexpr uint64_t kBytesPerToken = 2 * sizeof(uint64_t);  // the pair's token, and what its hidden state says
constexpr int32_t kUnknown = -1;                           // of a hidden state of zeros

class HashSpeculator final : public Speculator {
 public:
  explicit HashSpeculator(const Config& config)
      : right_percent_(static_cast<uint64_t>(config.get_int("right_percent"))),
        silent_percent_(static_cast<uint64_t>(config.get_int("silent_percent"))),
        one_path_(config.get_bool("one_path")),
        failpoint_(config.get_int("fail_every")) {}

  static Result<std::unique_ptr<HashSpeculator>> create(Host, Config config) {
    return std::make_unique<HashSpeculator>(config);
  }

  Result<std::vector<tenon_needs>> plan(const tenon_model_shape&, const tenon_limits&) override {
    tenon_needs needs{};
    needs.chunk_tokens = 1;
    needs.bytes_per_token = kBytesPerToken;
    return std::vector{needs};
  }

  Status bind(Weights) override { return ok(); }

  Status propose(const tenon_step& step, const tenon_state* states, const tenon_draft& draft) override {
    TENON_TRY(failpoint_.pass());
    Matrix hidden(*draft.hidden);
    for (uint32_t s = 0; s < step.sequences; ++s) TENON_TRY(learn(step, states[0], s, draft.tokens, hidden));
    for (uint32_t s = 0; s < step.sequences; ++s) TENON_TRY(check_and_guess(step, states[0], s, draft));
    return ok();
  }

 private:
  Status learn(const tenon_step& step, const tenon_state& state, uint32_t s, const int32_t* tokens,
               Matrix hidden) const {
    for (int32_t t = step.token_start[s]; t < step.token_start[s + 1]; ++t)
      TENON_TRY(
          store(state, s, static_cast<uint32_t>(step.positions[t]), tokens[t], find_token_of(hidden.row(t))));
    return ok();
  }

  static int32_t find_token_of(const float* row) {
    int32_t token = token_of(row);
    return row[token] > 0 ? token : kUnknown;
  }

  Status store(const tenon_state& state, uint32_t s, uint32_t position, int32_t token, int32_t next) const {
    TENON_TRY(std::byte * at, find_token(state, s, position, kBytesPerToken));
    store_word(at, mix_token(8, token, position));
    store_word(at + sizeof(uint64_t), mix_token(9, next, position));
    return ok();
  }

  Status check_and_guess(const tenon_step& step, const tenon_state& state, uint32_t s,
                         const tenon_draft& draft) const {
    std::span<const int32_t> history(draft.history[s], draft.history_length[s]);
    auto last = static_cast<uint32_t>(step.positions[step.token_start[s + 1] - 1]);
    if (last >= history.size()) return broken("a pair lies behind the history");
    size_t prompt = prompt_length(history);
    Oracle oracle;
    int32_t next = -1;
    for (uint32_t position = 0; position <= last; ++position) {
      if (position >= static_cast<uint32_t>(step.context_first[s]))
        TENON_TRY(check_pair(state, s, position, history[position], next));
      next = oracle.consume(history[position], position < prompt && !one_path_ ? TENON_PREFILL : TENON_DECODE);
    }
    if (draft.draft_tokens == 0) return ok();
    guess(oracle, next, last, {draft.proposed + size_t{s} * draft.draft_tokens, draft.draft_tokens});
    return store_guesses(state, s, last, {draft.proposed + size_t{s} * draft.draft_tokens, draft.draft_tokens});
  }

  static size_t prompt_length(std::span<const int32_t> history) {
    size_t length = history.size();
    while (length > 0 && history[length - 1] != kEndOfPrompt) --length;
    return length;
  }

  Status check_pair(const tenon_state& state, uint32_t s, uint32_t position, int32_t token,
                    int32_t next) const {
    TENON_TRY(std::byte * at, find_token(state, s, position, kBytesPerToken));
    if (load_word(at) != mix_token(8, token, position))
      return broken("the pair at position " + std::to_string(position) + " is not the one learnt");
    uint64_t hidden = load_word(at + sizeof(uint64_t));
    bool may_be_unknown = position % kChunkTokens == 0;
    bool is_unknown = may_be_unknown && hidden == mix_token(9, kUnknown, position);
    if (hidden != mix_token(9, next, position) && !is_unknown)
      return broken("the pair at position " + std::to_string(position) + " came with another hidden state");
    return ok();
  }

  void guess(Oracle oracle, int32_t next, uint32_t last, std::span<int32_t> proposed) const {
    std::fill(proposed.begin(), proposed.end(), -1);
    for (size_t i = 0; i < proposed.size(); ++i) {
      uint64_t luck = mix_token(10 + i, next, last);
      if (luck % 100 < silent_percent_) return;
      bool is_right = (luck >> 20) % 100 < right_percent_;
      proposed[i] = is_right ? next : static_cast<int32_t>((luck >> 40) % kVocabulary);
      next = oracle.consume(next, TENON_DECODE);
    }
  }

  // As a speculator with a layer does, whose guesses go through it one after the other; the last does not.
  Status store_guesses(const tenon_state& state, uint32_t s, uint32_t last,
                       std::span<const int32_t> proposed) const {
    for (uint32_t i = 0; i + 1 < proposed.size(); ++i)
      TENON_TRY(store(state, s, last + 1 + i, proposed[i], -1));
    return ok();
  }

  uint64_t right_percent_, silent_percent_;
  bool one_path_;
  Failpoint failpoint_;
};

}  // namespace
}  // namespace tenon::sim

TENON_SPECULATOR_PLUGIN("hash_speculator", "0.0.1", "test: right as often as it is told to be", "",
                        tenon::sim::kSchema, tenon::sim::HashSpeculator);
