#include "sparse_moe.hpp"

#include <tests/testing/plugin_bench.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace tenon::testing {
namespace {

struct Options {
  int64_t experts = 7, top_k = 3, expert_dim = 40, shared_dim = 24;
  bool normalise = true;
  int64_t model_dim = 40;
  bool has_flat_router = false;  // every expert is as probable as any other
  Isa isa = widest_isa();
  uint32_t threads = 2;

  std::map<std::string, ConfigValue> config() const {
    return {{"experts", experts},
            {"top_k", top_k},
            {"expert_dim", expert_dim},
            {"shared_dim", shared_dim},
            {"normalise", normalise}};
  }
};

// One layer with weights.
struct Layer {
  explicit Layer(const Options& o = {})
      : options(o),
        host(o.isa, o.threads),
        object(make_object<tenon_expert_layer>(TENON_EXPERT_LAYER, o.config(), host)) {
    tenon_model_shape shape = test_shape(static_cast<uint32_t>(o.model_dim));
    tenon_limits limits = test_limits(o.threads);
    tenon_needs needs{};
    needs.size = sizeof(needs);
    EXPECT_TRUE(object.call(&tenon_expert_layer::plan, &shape, &limits, &needs).ok());
    if (o.has_flat_router) weights.set("router", std::vector<float>(o.experts * o.model_dim));
    EXPECT_TRUE(object.call(&tenon_expert_layer::bind, weights.raw()).ok());
    bench.emplace(needs, 1, 0, 0, 0);
  }

  std::vector<float> run(std::vector<float> x) {
    uint32_t tokens = static_cast<uint32_t>(x.size() / options.model_dim);
    bench->set({StepPart{tokens, 0, TENON_PREFILL, {}}});
    std::vector<float> y(x.size(), NAN);
    tenon_tensor tx = tensor_of(Matrix(x.data(), tokens, options.model_dim));
    tenon_tensor ty = tensor_of(Matrix(y.data(), tokens, options.model_dim));
    Status status = object.call(&tenon_expert_layer::forward, &bench->step(), &tx, &ty);
    EXPECT_TRUE(status.ok()) << status.error().text;
    return y;
  }
  std::vector<float> inputs(int64_t tokens, uint32_t seed = 5) const {
    return random_floats(tokens * options.model_dim, seed);
  }
  std::vector<float> rows(const std::vector<float>& x, int64_t begin, int64_t end) const {
    return {x.begin() + begin * options.model_dim, x.begin() + end * options.model_dim};
  }

  Options options;
  TestHost host;
  PluginObject<tenon_expert_layer> object;
  TestWeights weights;
  std::optional<StepBench> bench;
};

// The README's formulas in double precision.
class Reference {
 public:
  explicit Reference(const Layer& layer) : options_(layer.options), weights_(layer.weights) {}

  std::vector<double> run(const std::vector<float>& x) {
    std::vector<double> y;
    for (auto at = x.begin(); at != x.end(); at += options_.model_dim)
      for (double number : token({at, at + options_.model_dim})) y.push_back(number);
    return y;
  }
  // Of all tokens so far, [T * A] each.
  const std::vector<int32_t>& chosen() const { return chosen_; }
  const std::vector<double>& chosen_weights() const { return chosen_weights_; }

 private:
  std::vector<double> token(const std::vector<double>& x) {
    route(x);
    std::vector<double> y(x.size());
    for (size_t i = chosen_.size() - options_.top_k; i < chosen_.size(); ++i) {
      std::vector<double> out = feed_forward("", chosen_[i], options_.expert_dim, x);
      for (size_t m = 0; m < y.size(); ++m) y[m] += chosen_weights_[i] * out[m];
    }
    if (options_.shared_dim == 0) return y;
    std::vector<double> out = feed_forward("shared_", 0, options_.shared_dim, x);
    double gate = naive_linear(weights_.values("shared_expert_gate"), x)[0];
    for (size_t m = 0; m < y.size(); ++m) y[m] += out[m] / (1 + std::exp(-gate));
    return y;
  }

  void route(const std::vector<double>& x) {
    std::vector<double> p = naive_linear(weights_.values("router"), x);
    double all = 0, sum = 0;
    for (double& value : p) all += value = std::exp(value);
    std::vector<int32_t> order(p.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return p[a] > p[b]; });
    order.resize(options_.top_k);
    for (int32_t e : order) sum += p[e];
    for (int32_t e : order)
      chosen_.push_back(e), chosen_weights_.push_back(p[e] / (options_.normalise ? sum : all));
  }

  // down(silu(gate(x)) * up(x)) with member e of the group
  std::vector<double> feed_forward(const std::string& prefix, int32_t e, int64_t inner_dim,
                                   const std::vector<double>& x) const {
    int64_t elements = inner_dim * options_.model_dim;
    auto member = [&](const char* name) {
      return std::span<const float>(weights_.values(prefix + name)).subspan(e * elements, elements);
    };
    std::vector<double> inner = naive_linear(member("gate_proj"), x), up = naive_linear(member("up_proj"), x);
    for (size_t i = 0; i < inner.size(); ++i) inner[i] *= up[i] / (1 + std::exp(-inner[i]));
    return naive_linear(member("down_proj"), inner);
  }

  const Options& options_;
  const TestWeights& weights_;
  std::vector<int32_t> chosen_;
  std::vector<double> chosen_weights_;
};

void expect_matches_the_formulas(Options options, const std::string& what) {
  for (Isa isa : available_isas()) {
    options.isa = isa;
    Layer layer(options);
    std::vector<float> x = layer.inputs(30);
    EXPECT_LT(relative_error(layer.run(x), Reference(layer).run(x)), 1e-5) << what << ", " << name_of(isa);
  }
}

TEST(SparseMoe, AnyShapeMatchesTheFormulas) {
  expect_matches_the_formulas({}, "7 experts");
  expect_matches_the_formulas({.normalise = false}, "probabilities as they are");
  expect_matches_the_formulas({.shared_dim = 0}, "no shared expert");
  expect_matches_the_formulas({.top_k = 7}, "every expert is chosen");
  expect_matches_the_formulas({.top_k = 7, .normalise = false}, "every expert is chosen, as it is");
  expect_matches_the_formulas({.top_k = 1}, "one expert is chosen");
  expect_matches_the_formulas({.top_k = 1, .normalise = false}, "one expert is chosen, as it is");
  expect_matches_the_formulas({.expert_dim = 19, .shared_dim = 5, .model_dim = 37}, "odd sizes");
  expect_matches_the_formulas({.experts = 1, .top_k = 1, .expert_dim = 1, .shared_dim = 1, .model_dim = 1},
                              "ones");
  expect_matches_the_formulas({.experts = 130, .top_k = 10, .expert_dim = 16, .model_dim = 64}, "130 experts");
}

TEST(SparseMoe, TokenIsBitEqualAloneAndInAnyBatch) {
  Layer layer;
  std::vector<float> x = layer.inputs(37), together = layer.run(x);
  for (int64_t t = 0; t < 37; ++t)
    EXPECT_EQ(layer.run(layer.rows(x, t, t + 1)), layer.rows(together, t, t + 1)) << "token " << t << " alone";
  for (int64_t begin : {1, 5, 30})
    for (int64_t end : {32, 36, 37})
      EXPECT_EQ(layer.run(layer.rows(x, begin, end)), layer.rows(together, begin, end))
          << begin << " to " << end;
}

TEST(SparseMoe, ThreadsDoNotChangeABit) {
  Layer one({.threads = 1}), three({.threads = 3});
  std::vector<float> x = one.inputs(100);
  EXPECT_EQ(one.run(x), three.run(x));
}

TEST(SparseMoe, LargeLogitsDoNotOverflow) {
  Layer layer;
  std::vector<float> x = layer.inputs(20);
  for (float& value : x) value *= 40;
  std::vector<float> y = layer.run(x);
  EXPECT_LT(relative_error(y, Reference(layer).run(x)), 1e-4);
}

// What one run gives to the listener.
struct Routing {
  explicit Routing(Layer& layer) {
    layer.host.trace().is_on = true;
    layer.host.trace().receive = [this](const std::string& name, const tenon_tensor& value) {
      shapes[name] = {value.shape[0], value.shape[1]};
      int64_t count = value.shape[0] * value.shape[1];
      auto* floats = static_cast<float*>(value.data);
      auto* ints = static_cast<int32_t*>(value.data);
      if (name == "router_logits") logits.assign(floats, floats + count);
      if (name == "router_weights") weights.assign(floats, floats + count);
      if (name == "router_topk") chosen.assign(ints, ints + count);
      EXPECT_EQ(value.dtype, name == "router_topk" ? TENON_I32 : TENON_F32) << name;
    };
  }

  std::map<std::string, std::pair<int64_t, int64_t>> shapes;
  std::vector<int32_t> chosen;
  std::vector<float> logits, weights;
};

TEST(SparseMoe, TracesLogitsAndTheChosenMostProbableFirst) {
  for (bool normalise : {true, false}) {
    Layer layer({.normalise = normalise});
    Routing routing(layer);
    Reference reference(layer);
    std::vector<float> x = layer.inputs(11);
    layer.run(x), reference.run(x);
    std::map<std::string, std::pair<int64_t, int64_t>> shapes = {
        {"router_logits", {11, 7}}, {"router_topk", {11, 3}}, {"router_weights", {11, 3}}};
    EXPECT_EQ(routing.shapes, shapes);
    EXPECT_EQ(routing.chosen, reference.chosen());
    EXPECT_LT(relative_error(routing.weights, reference.chosen_weights()), 1e-6) << "normalise " << normalise;
    std::vector<double> first = naive_linear(layer.weights.values("router"), {x.begin(), x.begin() + 40});
    EXPECT_LT(relative_error({routing.logits.begin(), routing.logits.begin() + 7}, first), 1e-5);
  }
}

TEST(SparseMoe, TiesChooseTheLowerId) {
  for (bool normalise : {true, false}) {
    Layer layer({.normalise = normalise, .has_flat_router = true});
    Routing routing(layer);
    std::vector<float> x = layer.inputs(4);
    EXPECT_LT(relative_error(layer.run(x), Reference(layer).run(x)), 1e-5);
    EXPECT_EQ(routing.chosen, (std::vector<int32_t>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}));
    for (float weight : routing.weights) EXPECT_FLOAT_EQ(weight, normalise ? 1.0f / 3 : 1.0f / 7);
  }
}

TEST(SparseMoe, RefusesMoreChoicesThanExperts) {
  Options options{.experts = 4, .top_k = 5};
  auto object = create_object<tenon_expert_layer>(TENON_EXPERT_LAYER, options.config(), TestHost());
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().code, TENON_INVALID);
  EXPECT_EQ(object.error().text, "test: top_k is 5, must be at most experts (test:1:1)");
}

}  // namespace
}  // namespace tenon::testing
