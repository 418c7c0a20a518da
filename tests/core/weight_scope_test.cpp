// How a plugin's requests for weights become names in the checkpoint.
#include <tests/testing/temp_dir.hpp>

#include <tenon/model/weight_scope.hpp>
#include <tenon/sdk/weights.hpp>
#include <tenon/weights/safetensors.hpp>

namespace tenon::testing {
namespace {

class WeightScopeTest : public ::testing::Test {
 protected:
  WeightScopeTest() {
    names_.title = "mixers.linear.weights";
    names_.place = {"m.toml", 20, 1};
    names_.names = {{"in", "mixer.in.weight"}, {"twice", "{layer}.{layer}"}, {"up", "experts.{expert}.up"}};
  }

  // A request as a plugin makes it, through the ABI.
  tenon_weight_request request(const char* name, std::vector<int64_t> shape) {
    tenon_weight_request request{};
    request.size = sizeof(request);
    request.name = name;
    request.rank = static_cast<uint32_t>(shape.size());
    for (size_t i = 0; i < TENON_RANK_MAX; ++i) request.shape[i] = i < shape.size() ? shape[i] : 1;
    return request;
  }
  tenon_status get(const tenon_weight_request& request) {
    const tenon_weight* weight = nullptr;
    tenon_status code = scope_.raw()->get(scope_.raw(), &request, &weight);
    EXPECT_EQ(code == TENON_OK, weight != nullptr);
    return code;
  }
  tenon_status get_values(const tenon_weight_request& request) {
    const float* values = nullptr;
    return scope_.raw()->get_values(scope_.raw(), &request, &values);
  }
  std::string complaint() { return scope_.explained(Error{TENON_INVALID, "no reason given"}).text; }

  NameTable names_;
  WeightStore store_{std::nullopt, {}};
  WeightScope scope_{store_, names_, "layers.{layer}.", 7, "layer 7: delta"};
};

TEST_F(WeightScopeTest, CountsWhatIsAskedForUnderItsFullName) {
  Weights weights(scope_.raw());
  EXPECT_TRUE(weights.get("in", {4, 8}, Shard::kRows).ok());
  EXPECT_TRUE(weights.get("in", {4, 8}, Shard::kRows).ok());  // the same tensor
  EXPECT_TRUE(weights.get_values("twice", {5}).ok());
  EXPECT_TRUE(weights.get_group("up", {2, 3}, 4, 1).ok());
  EXPECT_EQ(refusal_of(store_.finish()), "");
  EXPECT_EQ(store_.totals().parameters, 32u + 5 + 24);
  EXPECT_EQ(store_.totals().active_parameters, 32u + 5 + 6);
}

TEST_F(WeightScopeTest, NamesTheFullNameOfWhatIsMissing) {
  TempDir dir;
  float one = 1;
  ASSERT_TRUE(write_safetensors(dir / "w", {{"layers.7.7.7", DType::kF32, {1}, &one}}).ok());
  WeightStore store(Checkpoint::open(dir / "w").value(), {});
  WeightScope scope(store, names_, "layers.{layer}.", 7, "layer 7: delta");
  Weights weights(scope.raw());
  EXPECT_TRUE(weights.get("in", {4, 8}, Shard::kRows).ok());
  EXPECT_TRUE(weights.get_values("twice", {1}).ok());
  EXPECT_TRUE(weights.get_group("up", {2, 3}, 2, 1).ok());
  EXPECT_EQ(replaced(refusal_of(store.finish()), dir.path().string(), "D"),
            "weights: D/w: 3 tensors are missing (layers.7.mixer.in.weight for layer 7: delta, "
            "layers.7.experts.0.up for layer 7: delta, layers.7.experts.1.up for layer 7: delta)");
}

TEST_F(WeightScopeTest, NotesNamesThatTheDescriptionDoesNotMap) {
  EXPECT_EQ(get(request("out", {4, 8})), TENON_OK);
  EXPECT_EQ(get_values(request("norm\n", {4})), TENON_OK);
  EXPECT_EQ(refusal_of(store_.finish()),
            "weights: mixers.linear.weights: has no name for out, which layer 7: delta needs (m.toml:20:1); "
            "mixers.linear.weights: has no name for norm\\x0a, which layer 7: delta needs (m.toml:20:1)");
}

TEST_F(WeightScopeTest, RefusesMatricesThatCannotBe) {
  for (const auto& shape : std::vector<std::vector<int64_t>>{{},
                                                             {4},
                                                             {4, 8, 2},
                                                             {-4, 8},
                                                             {4, -8},
                                                             {INT64_MAX, INT64_MAX},
                                                             {int64_t{1} << 21, int64_t{1} << 20}}) {
    EXPECT_EQ(get(request("in", shape)), TENON_INVALID);
    EXPECT_EQ(complaint(),
              "layer 7: delta: asks for a weight in of a shape that cannot be, expected a matrix of at most "
              "2^40 elements, at most 65536 in a group");
  }
  EXPECT_EQ(store_.totals().parameters, 0u);
}

TEST_F(WeightScopeTest, RefusesGroupsAndRanksThatCannotBe) {
  tenon_weight_request asked = request("in", {4, 8});
  asked.group = 65537;
  EXPECT_EQ(get(asked), TENON_INVALID);
  asked = request("in", {4, 8});
  asked.rank = 5;
  EXPECT_EQ(get_values(asked), TENON_INVALID);
  EXPECT_EQ(complaint(),
            "layer 7: delta: asks for a weight in of a shape that cannot be, expected at most 4 dimensions "
            "and 2^26 elements");
  asked.rank = UINT32_MAX;
  EXPECT_EQ(get_values(asked), TENON_INVALID);
}

TEST_F(WeightScopeTest, RefusesValuesThatAreTooMany) {
  EXPECT_EQ(get_values(request("in", {(int64_t{1} << 26) + 1})), TENON_INVALID);
  EXPECT_EQ(get_values(request("in", {int64_t{1} << 40, int64_t{1} << 40})), TENON_INVALID);
  EXPECT_EQ(get_values(request("in", {-1})), TENON_INVALID);
  EXPECT_EQ(get_values(request("in", {1 << 13, 1 << 13})), TENON_OK);
}

TEST_F(WeightScopeTest, RefusesARequestWithoutAName) {
  EXPECT_EQ(get(request(nullptr, {4, 8})), TENON_INVALID);
  EXPECT_EQ(complaint().find("layer 7: delta: asks for a weight without a name of a shape"), 0u) << complaint();
}

TEST_F(WeightScopeTest, KeepsTheErrorOfABindThatFailedForAnotherReason) {
  Error error = scope_.explained(Error{TENON_UNSUPPORTED, "layer 7: delta: too wide"});
  EXPECT_EQ(error.code, TENON_UNSUPPORTED);
  EXPECT_EQ(error.text, "layer 7: delta: too wide");
}

}  // namespace
}  // namespace tenon::testing
