// A token mixer whose state is a hash of all that the sequence has consumed, and of how: see definition.hpp.
#include "hash_plugin.hpp"

#include <tenon/sdk/token_mixer.hpp>

namespace tenon::sim {
namespace {

constexpr const char* kSchema = R"(
layer       : int >=0           # keeps layers apart
gain        : float >0          # of what it adds to the hidden state
state_words : int >=1 <=64 = 3  # length of the state; each word must be as it was left
fail_every  : int >=0 = 0       # calls of forward; 0: never
one_path    : bool = false      # whether a prefill comes to what a decode would
)";

class HashRecurrent final : public TokenMixer {
 public:
  explicit HashRecurrent(const Config& config)
      : layer_(static_cast<uint64_t>(config.get_int("layer"))),
        gain_(static_cast<float>(config.get_float("gain"))),
        words_(static_cast<uint64_t>(config.get_int("state_words"))),
        one_path_(config.get_bool("one_path")),
        failpoint_(config.get_int("fail_every")) {}

  static Result<std::unique_ptr<HashRecurrent>> create(Host, Config config) {
    return std::make_unique<HashRecurrent>(config);
  }

  Result<tenon_needs> plan(const tenon_model_shape&, const tenon_limits&) override {
    tenon_needs needs{};
    needs.chunk_tokens = kChunkTokens;
    needs.bytes_per_sequence = words_ * sizeof(uint64_t);
    needs.saves_every_token = 1;
    return needs;
  }

  Status bind(Weights) override { return ok(); }

  Status forward(const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) override {
    TENON_TRY(failpoint_.pass());
    for (uint32_t s = 0; s < step.sequences; ++s) {
      TENON_TRY(uint64_t hash, start_of(step, state, s));
      if (step.phase[s] == TENON_PREFILL && !one_path_) {
        TENON_TRY(prefill(step, state, s, hash, x, y));
      } else {
        decode(step, state, s, hash, x, y);
      }
    }
    return ok();
  }

 private:
  Result<uint64_t> start_of(const tenon_step& step, const tenon_state& state, uint32_t s) const {
    if (step.context_length[s] == step.context_first[s]) return initial_state(layer_);
    if (state.slot_start[s] < 0) return broken("no slot to start from");
    return load(state, state.slot_start[s]);
  }

  Status prefill(const tenon_step& step, const tenon_state& state, uint32_t s, uint64_t hash, Matrix x,
                 Matrix y) const {
    int32_t begin = step.token_start[s], end = step.token_start[s + 1];
    uint64_t piece = begin_piece(hash);
    for (int32_t t = begin; t < end; ++t) {
      auto position = static_cast<uint32_t>(step.positions[t]);
      piece = add_to_piece(piece, token_of(x.row(t)), position);
      write_token(y.row(t), answer_of(piece), gain_);
      bool is_chunk_end = (position + 1) % kChunkTokens == 0, is_last = t + 1 == end;
      if (!is_chunk_end && !is_last) {
        if (state.slot_save[t] >= 0) return broken("a prefill's state is wanted within a chunk");
        continue;
      }
      hash = end_piece(piece);
      save(state, state.slot_save[t], hash);
      piece = begin_piece(hash);
    }
    return ok();
  }

  void decode(const tenon_step& step, const tenon_state& state, uint32_t s, uint64_t hash, Matrix x,
              Matrix y) const {
    for (int32_t t = step.token_start[s]; t < step.token_start[s + 1]; ++t) {
      hash = decode_state(hash, token_of(x.row(t)), static_cast<uint32_t>(step.positions[t]));
      write_token(y.row(t), answer_of(hash), gain_);
      save(state, state.slot_save[t], hash);
    }
  }

  // A state of which any word has changed is another state.
  uint64_t load(const tenon_state& state, int32_t slot) const {
    const std::byte* at = place_of(state, slot);
    uint64_t hash = load_word(at), found = hash;
    for (uint64_t i = 1; i < words_; ++i) found ^= load_word(at + i * sizeof hash) ^ mix(hash, i);
    return found;
  }

  void save(const tenon_state& state, int32_t slot, uint64_t hash) const {
    if (slot < 0) return;
    std::byte* at = place_of(state, slot);
    store_word(at, hash);
    for (uint64_t i = 1; i < words_; ++i) store_word(at + i * sizeof hash, mix(hash, i));
  }

  std::byte* place_of(const tenon_state& state, int32_t slot) const {
    return static_cast<std::byte*>(state.slots) + static_cast<uint64_t>(slot) * state.slot_stride;
  }

  uint64_t layer_;
  float gain_;
  uint64_t words_;
  bool one_path_;
  Failpoint failpoint_;
};

}  // namespace
}  // namespace tenon::sim

TENON_TOKEN_MIXER_PLUGIN("hash_recurrent", "0.0.1", "test: a state that is a hash of all it has seen", "",
                         tenon::sim::kSchema, tenon::sim::HashRecurrent);
