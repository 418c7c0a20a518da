// Multi-token prediction: a head with one layer of its own that guesses the token after the next. Formulas:
// README.md.
#include <tenon/sdk/speculator.hpp>
#include <tenon/sdk/workspace.hpp>

#include <algorithm>
#include <cstring>

namespace tenon::mtp {
namespace {

constexpr const char* kSchema = R"(
mixer   : string   # role of its layer's mixer
experts : string   # role of its layer's experts
)";

// Scratch of one call, carved from the workspace. T pairs, S sequences, D model dim, V vocabulary.
struct Scratch {
  Matrix embedded;  // [T, D] of the pairs' tokens, normed
  Matrix hidden;    // [T, D] of the model, normed
  Matrix joined;    // [T, 2 D]
  Matrix x, y;      // [T, D] before and after the layer
  Matrix last;      // [S, D] y of each sequence's last pair, normed
  Matrix logits;    // [S, V]
  int32_t* drafts;  // [S] the newest guess of each sequence
  std::byte* rest;  // for the layer
};

int32_t argmax(const float* values, int64_t count) {
  return static_cast<int32_t>(std::max_element(values, values + count) - values);
}

class Mtp final : public Speculator {
 public:
  Mtp(Host host, Layers layers, tenon_layer* layer)
      : ops_(host), trace_(host), layers_(layers), layer_(layer) {}

  static Result<std::unique_ptr<Mtp>> create(Host host, Config config) {
    Layers layers(host);
    TENON_TRY(tenon_layer * layer, layers.create(config.get_string("mixer"), config.get_string("experts"), 0));
    return std::make_unique<Mtp>(host, layers, layer);
  }

  Result<std::vector<tenon_needs>> plan(const tenon_model_shape& model, const tenon_limits& limits) override {
    model_ = model, limits_ = limits;
    TENON_TRY(tenon_needs needs, layers_.plan(layer_));
    if (needs.bytes_per_sequence > 0)
      return Error{TENON_UNSUPPORTED,
                   "its layer's mixer keeps a state per sequence, expected one that only has pages"};
    Carver counter;
    carve(counter, 0, 0);
    needs.workspace_bytes += counter.used();
    return std::vector{needs};
  }

  Status bind(Weights weights) override {
    int64_t dim = model_.model_dim;
    TENON_TRY(fc_, weights.get("fc", {dim, 2 * dim}, Shard::kReplicated));
    TENON_TRY(embedding_norm_, weights.get_values("embedding_norm", {dim}));
    TENON_TRY(hidden_norm_, weights.get_values("hidden_norm", {dim}));
    TENON_TRY(norm_, weights.get_values("norm", {dim}));
    return layers_.bind(layer_);
  }

  Status propose(const tenon_step& step, const tenon_state* states, const tenon_draft& draft) override {
    Carver carver(step.workspace);
    Scratch scratch = carve(carver, step.tokens, step.sequences);
    TENON_TRY(run_layer(step, states[0], draft.tokens, Matrix(*draft.hidden), scratch));
    TENON_TRY(trace_pairs(step, scratch.y));
    if (draft.draft_tokens == 0) return ok();
    for (uint32_t s = 0; s < step.sequences; ++s)
      copy_row(scratch.y.row(step.token_start[s + 1] - 1), scratch.last.row(s));
    const tenon_step* at = &step;
    for (uint32_t i = 0; i < draft.draft_tokens; ++i) {
      TENON_TRY(choose(*at, scratch));
      for (uint32_t s = 0; s < step.sequences; ++s)
        draft.proposed[s * draft.draft_tokens + i] = scratch.drafts[s];
      if (i + 1 == draft.draft_tokens) break;
      TENON_TRY(at, continue_from(*at, states[0], scratch));
    }
    trace_.emit("draft_ids", dense_tensor(draft.proposed, TENON_I32, step.sequences, draft.draft_tokens));
    return ok();
  }

 private:
  Scratch carve(Carver& carver, int64_t tokens, int64_t sequences) const {
    int64_t most = limits_.tokens_per_step_max, dim = model_.model_dim, sequences_max = limits_.sequences_max;
    Scratch scratch;
    scratch.embedded = carver.take(tokens, most, dim);
    scratch.hidden = carver.take(tokens, most, dim);
    scratch.joined = carver.take(tokens, most, 2 * dim);
    scratch.x = carver.take(tokens, most, dim);
    scratch.y = carver.take(tokens, most, dim);
    scratch.last = carver.take(sequences, sequences_max, dim);
    scratch.logits = carver.take(sequences, sequences_max, model_.vocabulary);
    scratch.drafts = carver.take_ints(sequences_max);
    scratch.rest = carver.rest();
    return scratch;
  }

  void copy_row(const float* from, float* to) const { std::memcpy(to, from, model_.model_dim * sizeof(float)); }

  // y = norm(layer(fc(concat(norm_e(embed(tokens)), norm_h(hidden)))))
  Status run_layer(const tenon_step& step, const tenon_state& state, const int32_t* tokens, Matrix hidden,
                   const Scratch& all) const {
    int64_t T = step.tokens, D = model_.model_dim;
    Matrix embedded = all.embedded.slice(0, T), normed = all.hidden.slice(0, T),
           joined = all.joined.slice(0, T);
    Matrix x = all.x.slice(0, T), y = all.y.slice(0, T);
    TENON_TRY(layers_.embed(step, tokens, embedded));
    TENON_TRY(ops_.rms_norm(step, embedding_norm_, model_.norm_offset, model_.norm_eps, embedded, embedded));
    TENON_TRY(ops_.rms_norm(step, hidden_norm_, model_.norm_offset, model_.norm_eps, hidden, normed));
    for (int64_t t = 0; t < T; ++t)
      copy_row(embedded.row(t), joined.row(t)), copy_row(normed.row(t), joined.row(t) + D);
    TENON_TRY(ops_.linear(step, fc_, nullptr, joined, x));
    tenon_step inner = step;
    inner.workspace = all.rest;
    TENON_TRY(layers_.forward(layer_, inner, state, x, y));
    return ops_.rms_norm(step, norm_, model_.norm_offset, model_.norm_eps, y, y);
  }

  // The most probable token after each sequence's last pair.
  Status choose(const tenon_step& step, const Scratch& scratch) const {
    TENON_TRY(layers_.head(step, scratch.last, scratch.logits));
    for (uint32_t s = 0; s < step.sequences; ++s)
      scratch.drafts[s] = argmax(scratch.logits.row(s), scratch.logits.columns);
    return ok();
  }

  // One more pair per sequence: the guess, and the head's own hidden state in place of the model's.
  Result<const tenon_step*> continue_from(const tenon_step& step, const tenon_state& state,
                                          const Scratch& scratch) const {
    TENON_TRY(const tenon_step* next, layers_.next(step));
    TENON_TRY(run_layer(*next, state, scratch.drafts, scratch.last, scratch));
    for (uint32_t s = 0; s < next->sequences; ++s) copy_row(scratch.y.row(s), scratch.last.row(s));
    return next;
  }

  Status trace_pairs(const tenon_step& step, Matrix y) const {
    if (!trace_.is_on()) return ok();
    trace_.emit("hidden", y);
    std::vector<float> logits(static_cast<size_t>(y.rows) * model_.vocabulary);
    Matrix all(logits.data(), y.rows, model_.vocabulary);
    TENON_TRY(layers_.head(step, y, all));
    trace_.emit("logits", all);
    return ok();
  }

  Ops ops_;
  Trace trace_;
  Layers layers_;
  tenon_layer* layer_;
  tenon_model_shape model_{};
  tenon_limits limits_{};
  const tenon_weight* fc_ = nullptr;                                                  // [D, 2 D]
  const float *embedding_norm_ = nullptr, *hidden_norm_ = nullptr, *norm_ = nullptr;  // [D]
};

}  // namespace
}  // namespace tenon::mtp

TENON_SPECULATOR_PLUGIN("mtp", "0.1.0", "multi-token prediction with a layer of its own",
                        "tenon.ops/1 tenon.layers/1", tenon::mtp::kSchema, tenon::mtp::Mtp);
