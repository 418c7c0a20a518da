// Prompt lookup: what followed the last few tokens the last time they occurred is likely to follow again. No
// weights, no state; good where an answer repeats its prompt, as edits and quotations do. README.md.
#include <tenon/sdk/speculator.hpp>

#include <algorithm>

namespace tenon::ngram {
namespace {

constexpr const char* kSchema = R"(
longest  : int >=1 <=16 = 4        # tokens at the end that are looked for, at most
shortest : int >=1 <=16 = 2        # and at least
window   : int >=16 <=1048576 = 8192   # how far back
)";

class Ngram final : public Speculator {
 public:
  Ngram(int64_t longest, int64_t shortest, int64_t window)
      : longest_(longest), shortest_(shortest), window_(window) {}

  static Result<std::unique_ptr<Ngram>> create(Host, Config config) {
    int64_t longest = config.get_int("longest"), shortest = config.get_int("shortest");
    if (shortest > longest) return config.refuse("shortest", "at most longest");
    return std::make_unique<Ngram>(longest, shortest, config.get_int("window"));
  }

  Result<std::vector<tenon_needs>> plan(const tenon_model_shape&, const tenon_limits&) override {
    return std::vector<tenon_needs>();
  }
  Status bind(Weights) override { return ok(); }

  Status propose(const tenon_step& step, const tenon_state*, const tenon_draft& draft) override {
    for (uint32_t s = 0; s < step.sequences; ++s)
      guess(draft.history[s], draft.history_length[s], draft.proposed + size_t{s} * draft.draft_tokens,
            draft.draft_tokens);
    return ok();
  }

 private:
  // guesses: [count], -1 from where there is none.
  void guess(const int32_t* history, int64_t length, int32_t* guesses, uint32_t count) const {
    std::fill_n(guesses, count, -1);
    if (count == 0) return;
    const int32_t* end = history + length;
    const int32_t* begin = end - std::min(length, window_);
    for (int64_t size = std::min(longest_, end - begin - 1); size >= shortest_; --size) {
      // The latest occurrence before the one at the end.
      const int32_t* found = std::find_end(begin, end - 1, end - size, end);
      if (found == end - 1) continue;
      std::copy_n(found + size, std::min<int64_t>(count, end - (found + size)), guesses);
      return;
    }
  }

  int64_t longest_, shortest_, window_;
};

}  // namespace
}  // namespace tenon::ngram

TENON_SPECULATOR_PLUGIN("ngram", "0.1.0", "guesses what followed the same tokens earlier", "",
                        tenon::ngram::kSchema, tenon::ngram::Ngram);
