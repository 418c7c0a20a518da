#include <tests/testing/plugin_bench.hpp>

#include <tenon/abi/tenon_expert_layer.h>

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::testing {
namespace {

// One layer with weights.
struct Layer {
  Layer(int64_t dim, int64_t inner_dim, Isa isa = widest_isa(), uint32_t threads = 2)
      : model_dim(dim),
        host(isa, threads),
        object(make_object<tenon_expert_layer>(TENON_EXPERT_LAYER, {{"inner_dim", inner_dim}}, host)) {
    tenon_model_shape shape = test_shape(static_cast<uint32_t>(dim));
    tenon_limits limits = test_limits(threads);
    tenon_needs needs{};
    needs.size = sizeof(needs);
    EXPECT_TRUE(object.call(&tenon_expert_layer::plan, &shape, &limits, &needs).ok());
    EXPECT_TRUE(object.call(&tenon_expert_layer::bind, weights.raw()).ok());
    EXPECT_EQ(needs.bytes_per_token + needs.bytes_per_sequence, 0u);
    bench.emplace(needs, 1, 0, 0, 0);
  }

  std::vector<float> run(std::vector<float> x) {
    uint32_t tokens = static_cast<uint32_t>(x.size() / model_dim);
    bench->set({StepPart{tokens, 0, TENON_PREFILL, {}}});
    std::vector<float> y(x.size(), NAN);
    tenon_tensor tx = tensor_of(Matrix(x.data(), tokens, model_dim));
    tenon_tensor ty = tensor_of(Matrix(y.data(), tokens, model_dim));
    Status status = object.call(&tenon_expert_layer::forward, &bench->step(), &tx, &ty);
    EXPECT_TRUE(status.ok()) << status.error().text;
    return y;
  }
  std::vector<float> inputs(int64_t tokens) const { return random_floats(tokens * model_dim, 5); }

  int64_t model_dim;
  TestHost host;
  PluginObject<tenon_expert_layer> object;
  TestWeights weights;
  std::optional<StepBench> bench;
};

// down(silu(gate(x)) * up(x)) in double precision, token by token.
std::vector<double> reference(const Layer& layer, const std::vector<float>& x) {
  std::vector<double> y;
  for (auto at = x.begin(); at != x.end(); at += layer.model_dim) {
    std::vector<double> row(at, at + layer.model_dim);
    std::vector<double> inner = naive_linear(layer.weights.values("gate_proj"), row);
    std::vector<double> up = naive_linear(layer.weights.values("up_proj"), row);
    for (size_t i = 0; i < inner.size(); ++i) inner[i] *= up[i] / (1 + std::exp(-inner[i]));
    for (double number : naive_linear(layer.weights.values("down_proj"), inner)) y.push_back(number);
  }
  return y;
}

TEST(DenseMlp, AnyShapeMatchesTheFormula) {
  for (Isa isa : available_isas())
    for (auto [dim, inner_dim] : {std::pair{64, 96}, {40, 24}, {37, 19}, {1, 1}, {16, 300}}) {
      Layer layer(dim, inner_dim, isa);
      std::vector<float> x = layer.inputs(21);
      EXPECT_LT(relative_error(layer.run(x), reference(layer, x)), 1e-5)
          << dim << " to " << inner_dim << ", " << name_of(isa);
    }
}

TEST(DenseMlp, TokenIsBitEqualAloneAndInAnyBatch) {
  Layer layer(40, 72);
  std::vector<float> x = layer.inputs(19), together = layer.run(x);
  for (int64_t begin : {0, 1, 7, 18})
    for (int64_t end = begin + 1; end <= 19; ++end) {
      std::vector<float> y = layer.run({x.begin() + begin * 40, x.begin() + end * 40});
      EXPECT_EQ(y, std::vector<float>(together.begin() + begin * 40, together.begin() + end * 40))
          << begin << " to " << end;
    }
}

TEST(DenseMlp, ThreadsDoNotChangeABit) {
  Layer one(64, 500, widest_isa(), 1), three(64, 500, widest_isa(), 3);
  std::vector<float> x = one.inputs(200);
  EXPECT_EQ(one.run(x), three.run(x));
}

TEST(DenseMlp, RefusesAnInnerWidthOfNothing) {
  auto object = create_object<tenon_expert_layer>(TENON_EXPERT_LAYER, {{"inner_dim", int64_t{0}}}, TestHost());
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().code, TENON_INVALID);
  EXPECT_EQ(object.error().text.find("test: inner_dim is 0, must be "), 0u) << object.error().text;
}

}  // namespace
}  // namespace tenon::testing
