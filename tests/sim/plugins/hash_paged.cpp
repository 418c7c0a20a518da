// A token mixer that leaves a hash of each token in its page, and answers with a hash over all of them, read
// back.
#include "pages.hpp"

#include <tenon/sdk/token_mixer.hpp>

namespace tenon::sim {
namespace {

constexpr const char* kSchema = R"(
layer      : int >=0      # keeps layers apart
gain       : float >0     # of what it adds to the hidden state
fail_every : int >=0 = 0  # calls of forward; 0: never
one_path   : bool = false # whether a prefill comes to what a decode would
)";
constexpr uint64_t kBytesPerToken = sizeof(uint64_t);

class HashPaged final : public TokenMixer {
 public:
  explicit HashPaged(const Config& config)
      : layer_(static_cast<uint64_t>(config.get_int("layer"))),
        gain_(static_cast<float>(config.get_float("gain"))),
        one_path_(config.get_bool("one_path")),
        failpoint_(config.get_int("fail_every")) {}

  static Result<std::unique_ptr<HashPaged>> create(Host, Config config) {
    return std::make_unique<HashPaged>(config);
  }

  Result<tenon_needs> plan(const tenon_model_shape&, const tenon_limits&) override {
    tenon_needs needs{};
    needs.chunk_tokens = 1;
    needs.bytes_per_token = kBytesPerToken;
    return needs;
  }

  Status bind(Weights) override { return ok(); }

  // All sequences store before the first one reads, so that a page of two owners is seen at once.
  Status forward(const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) override {
    TENON_TRY(failpoint_.pass());
    for (uint32_t s = 0; s < step.sequences; ++s) TENON_TRY(store(step, state, s, x));
    for (uint32_t s = 0; s < step.sequences; ++s) TENON_TRY(answer(step, state, s, y));
    return ok();
  }

 private:
  Status store(const tenon_step& step, const tenon_state& state, uint32_t s, Matrix x) const {
    int32_t phase = one_path_ ? TENON_DECODE : step.phase[s];
    for (int32_t t = step.token_start[s]; t < step.token_start[s + 1]; ++t) {
      auto position = static_cast<uint32_t>(step.positions[t]);
      TENON_TRY(std::byte * at, find_token(state, s, position, kBytesPerToken));
      store_word(at, stored_token(token_of(x.row(t)), position, phase));
    }
    return ok();
  }

  Status answer(const tenon_step& step, const tenon_state& state, uint32_t s, Matrix y) const {
    int32_t begin = step.token_start[s], end = step.token_start[s + 1];
    uint64_t sum = initial_sum(layer_);
    for (int32_t position = step.context_first[s]; position <= step.positions[end - 1]; ++position) {
      TENON_TRY(std::byte * at, find_token(state, s, static_cast<uint32_t>(position), kBytesPerToken));
      sum = add_to_sum(sum, load_word(at));
      int32_t t = begin + position - step.context_length[s];
      if (t >= begin) write_token(y.row(t), answer_of(sum), gain_);
    }
    return ok();
  }

  uint64_t layer_;
  float gain_;
  bool one_path_;
  Failpoint failpoint_;
};

}  // namespace
}  // namespace tenon::sim

TENON_TOKEN_MIXER_PLUGIN("hash_paged", "0.0.1", "test: pages of hashes, all of them read for each token", "",
                         tenon::sim::kSchema, tenon::sim::HashPaged);
