#include <tests/testing/gguf_file.hpp>
#include <tests/testing/temp_dir.hpp>

#include <tenon/ops/ops.hpp>
#include <tenon/weights/convert.hpp>
#include <tenon/weights/safetensors.hpp>
#include <tenon/weights/weight_store.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

namespace tenon::testing {
namespace {

// Tensors to be written as one checkpoint.
class Tensors {
 public:
  void add(const std::string& name, DType dtype, std::vector<int64_t> shape, std::vector<uint8_t> bytes = {}) {
    uint64_t size = block_of(dtype).bytes;
    for (int64_t dimension : shape) size *= static_cast<uint64_t>(dimension);
    bytes.resize(size);
    bytes_.push_back(std::move(bytes));
    tensors_.push_back({name, dtype, std::move(shape), bytes_.back().data()});
  }
  void add_f32(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
    auto* from = reinterpret_cast<const uint8_t*>(values.data());
    add(name, DType::kF32, std::move(shape), {from, from + values.size() * sizeof(float)});
  }
  WeightStore store(StorageOptions options = {}) const {
    EXPECT_TRUE(write_safetensors(dir_ / "model.safetensors", tensors_).ok());
    auto checkpoint = Checkpoint::open(dir_ / "model.safetensors");
    EXPECT_TRUE(checkpoint.ok()) << refusal_of(checkpoint);
    return WeightStore(std::move(checkpoint).value(), std::move(options));
  }
  // What finish says, without the path that it begins with.
  std::string finish(WeightStore& store) const {
    return replaced(refusal_of(store.finish()), "weights: " + (dir_ / "model.safetensors").string() + ": ", "");
  }

 private:
  TempDir dir_;
  std::deque<std::vector<uint8_t>> bytes_;
  std::vector<TensorToWrite> tensors_;
};

TensorRequest request(const std::string& tensor, std::vector<int64_t> shape, uint32_t group = 0,
                      double active = 1) {
  return {tensor, std::move(shape), group, active, "layer 0: mixer"};
}

TEST(WeightStore, FindsMatricesAndValues) {
  Tensors tensors;
  tensors.add_f32("w", {2, 3}, {1, 2, 3, 4, 5, 6});
  tensors.add("norm", DType::kBF16, {2}, {0x80, 0x3f, 0x00, 0xc0});
  WeightStore store = tensors.store();
  const tenon_weight* weight = store.get(request("w", {2, 3}));
  const float* norm = store.get_values(request("norm", {2}));
  EXPECT_EQ(tensors.finish(store), "");
  EXPECT_EQ(weight->dtype, DType::kF32);
  EXPECT_EQ(weight->rows, 2);
  EXPECT_EQ(weight->columns, 3);
  ASSERT_EQ(weight->members.size(), 1u);
  EXPECT_EQ(norm[0], 1.0f);
  EXPECT_EQ(norm[1], -2.0f);
}

TEST(WeightStore, ConvertsValuesOfEveryFloatType) {
  Tensors tensors;
  tensors.add_f32("f32", {2}, {0.5f, -3.0f});
  tensors.add("f16", DType::kF16, {2}, {0x00, 0x38, 0x00, 0xc2});
  tensors.add("bf16", DType::kBF16, {2}, {0x00, 0x3f, 0x40, 0xc0});
  WeightStore store = tensors.store();
  for (const char* name : {"f32", "f16", "bf16"}) {
    const float* values = store.get_values(request(name, {2}));
    EXPECT_EQ(values[0], 0.5f) << name;
    EXPECT_EQ(values[1], -3.0f) << name;
  }
  EXPECT_EQ(tensors.finish(store), "");
}

TEST(WeightStore, NamesEveryProblemAtOnce) {
  Tensors tensors;
  tensors.add("shape", DType::kF32, {3, 2});
  tensors.add("rank", DType::kF32, {6});
  tensors.add("ints", DType::kI32, {2, 3});
  tensors.add("f8", DType::kF8E4M3, {6});
  tensors.add("long_values", DType::kI64, {6});
  tensors.add("extra.one", DType::kF32, {1});
  tensors.add("extra.two", DType::kU8, {1});
  WeightStore store = tensors.store();
  EXPECT_NE(store.get(request("missing", {2, 3})), nullptr);
  EXPECT_NE(store.get_values(request("missing_values", {4})), nullptr);
  store.get(request("shape", {2, 3}));
  store.get(request("rank", {2, 3}));
  store.get(request("ints", {2, 3}));
  store.get_values(request("f8", {6}));
  store.get_values(request("long_values", {6}));
  store.note_problem("mixers.linear.weights: has no name for norm, which layer 0 needs (m.toml:3:1)");
  EXPECT_EQ(
      tensors.finish(store),
      "2 tensors are missing (missing for layer 0: mixer, missing_values for layer 0: mixer); "
      "5 tensors are of another kind (shape is [3, 2], expected [2, 3] for layer 0: mixer, "
      "rank is [6], expected [2, 3] for layer 0: mixer, ints is i32, expected a float type or one in blocks, "
      "f8 is f8_e4m3, expected f32, f16 or bf16, long_values is i64, expected f32, f16 or bf16); "
      "2 tensors are not asked for by any plugin; list them under weights.ignore if that is meant "
      "(extra.one, extra.two); "
      "mixers.linear.weights: has no name for norm, which layer 0 needs (m.toml:3:1)");
}

TEST(WeightStore, ShowsTwentyNamesAndCountsTheRest) {
  Tensors tensors;
  WeightStore store = tensors.store();
  for (int i = 0; i < 25; ++i) store.get(request("w" + std::to_string(i), {1, 1}));
  std::string text = tensors.finish(store);
  EXPECT_TRUE(text.starts_with("25 tensors are missing (w0 for layer 0: mixer, w1 ")) << text;
  EXPECT_TRUE(text.ends_with(", w19 for layer 0: mixer and 5 more)")) << text;
}

TEST(WeightStore, DimensionsOfOneDoNotCount) {
  Tensors tensors;
  tensors.add("conv", DType::kF32, {4, 1, 3});
  tensors.add("gate", DType::kF32, {5});
  WeightStore store = tensors.store();
  store.get_values(request("conv", {4, 3}));
  EXPECT_EQ(store.get(request("gate", {1, 5}))->members.size(), 1u);
  EXPECT_EQ(tensors.finish(store), "");
}

TEST(WeightStore, IgnoresWhatThePatternsSay) {
  Tensors tensors;
  tensors.add("mtp.layers.0.w", DType::kF32, {1});
  tensors.add("mtp.norm", DType::kF32, {1});
  tensors.add("rotary.3", DType::kF32, {1});
  tensors.add("rotary.33", DType::kF32, {1});
  StorageOptions options;
  options.ignore = {"mtp.*", "rotary.?"};
  WeightStore store = tensors.store(options);
  EXPECT_EQ(
      tensors.finish(store),
      "1 tensor is not asked for by any plugin; list them under weights.ignore if that is meant (rotary.33)");
}

TEST(WeightStore, ReadsGroupsByExpert) {
  Tensors tensors;
  for (int e = 0; e < 3; ++e)
    tensors.add_f32("experts." + std::to_string(e) + ".up", {1, 2}, {e * 10.0f, e * 10.0f + 1});
  WeightStore store = tensors.store();
  const tenon_weight* weight = store.get(request("experts.{expert}.up", {1, 2}, 3));
  EXPECT_EQ(tensors.finish(store), "");
  ASSERT_EQ(weight->members.size(), 3u);
  for (int e = 0; e < 3; ++e) {
    float first;
    std::memcpy(&first, weight->members[e].data, sizeof first);
    EXPECT_EQ(first, e * 10.0f);
  }
}

TEST(WeightStore, NamesTheMemberOfAGroupThatDiffers) {
  Tensors tensors;
  tensors.add("e.0", DType::kBF16, {1, 2});
  tensors.add("e.1", DType::kF16, {1, 2});
  tensors.add("e.2", DType::kBF16, {2, 2});
  WeightStore store = tensors.store();
  store.get(request("e.{expert}", {1, 2}, 4));
  EXPECT_EQ(tensors.finish(store),
            "1 tensor is missing (e.3 for layer 0: mixer); 2 tensors are of another kind "
            "(e.1 is f16, expected bf16 as the others of its group, e.2 is [2, 2], expected [1, 2] for layer "
            "0: mixer)");
}

TEST(WeightStore, ReadsGroupsThatAreOneStackedTensor) {
  Tensors tensors;
  tensors.add_f32("experts.up", {3, 1, 2}, {0, 1, 10, 11, 20, 21});
  WeightStore store = tensors.store();
  const tenon_weight* weight = store.get(request("experts.up", {1, 2}, 3));
  EXPECT_EQ(tensors.finish(store), "");
  ASSERT_EQ(weight->members.size(), 3u);
  for (int e = 0; e < 3; ++e) {
    float second;
    std::memcpy(&second, weight->members[e].data + sizeof(float), sizeof second);
    EXPECT_EQ(second, e * 10.0f + 1);
  }
}

TEST(WeightStore, RefusesStacksOfAnotherSizeOrType) {
  Tensors tensors;
  tensors.add("few", DType::kF32, {2, 1, 2});
  tensors.add("f8", DType::kF8E4M3, {3, 1, 2});
  tensors.add("ints", DType::kI32, {3, 1, 2});
  WeightStore store = tensors.store();
  for (const char* name : {"few", "f8", "ints", "missing"}) store.get(request(name, {1, 2}, 3));
  EXPECT_EQ(tensors.finish(store),
            "1 tensor is missing (missing for layer 0: mixer); 3 tensors are of another kind "
            "(few is [2, 1, 2], expected [3, 1, 2] for layer 0: mixer, "
            "f8 is f8_e4m3, expected f32, f16, bf16 or a type in blocks for a stack, "
            "ints is i32, expected f32, f16, bf16 or a type in blocks for a stack)");
}

TEST(WeightStore, FindsMatricesAndStacksInBlocks) {
  TempDir dir;
  GgufFile file;
  file.tensor("w", {64, 2}, 2, std::string(72, '\1')).tensor("up", {32, 2, 3}, 8, std::string(204, '\2'));
  file.tensor("norm", {32}, 8, std::string(34, '\3')).tensor("one", {32, 1}, 8, std::string(34, '\4'));
  std::string path = dir.write("m.gguf", file.bytes());
  auto checkpoint = Checkpoint::open(path);
  ASSERT_TRUE(checkpoint.ok()) << refusal_of(checkpoint);
  WeightStore store(std::move(checkpoint).value(), {});
  const tenon_weight *w = store.get(request("w", {2, 64})), *up = store.get(request("up", {2, 32}, 3));
  EXPECT_EQ(w->dtype, DType::kQ4_0);
  ASSERT_EQ(w->members.size(), 1u);
  ASSERT_EQ(up->members.size(), 3u);
  EXPECT_EQ(up->members[2].data - up->members[0].data, 2 * 2 * 34);
  EXPECT_EQ(store.totals().bytes, 72u + 204u);
  store.get_values(request("norm", {31}));
  store.get_values(request("norm", {32}));
  store.get(request("one", {32, 1}));
  EXPECT_EQ(replaced(refusal_of(store.finish()), path, "F"),
            "weights: F: 3 tensors are of another kind (norm is [32], expected [31] for layer 0: mixer, "
            "norm is q8_0, expected f32, f16 or bf16, "
            "one is q8_0, expected rows of 1 elements, which are not whole blocks of 32, for layer 0: mixer)");
}

// y = x W^T for a matrix of f8_e4m3 with scales of the given type, through Ops and by definition.
void expect_dequantised(int64_t rows, int64_t columns, DType scale_type) {
  std::mt19937 random(7);
  std::vector<uint8_t> codes(rows * columns), scale_bytes;
  for (uint8_t& code : codes) {
    code = static_cast<uint8_t>(random());
    if ((code & 0x7f) == 0x7f) code = 0;  // NaN
  }
  int64_t tile_rows = (rows + 127) / 128, tile_columns = (columns + 127) / 128;
  std::vector<float> scales;
  for (int64_t i = 0; i < tile_rows * tile_columns; ++i) {
    scales.push_back(0.25f * static_cast<float>(i + 1));  // exact in bf16
    uint32_t bits = std::bit_cast<uint32_t>(scales.back());
    for (int shift = scale_type == DType::kF32 ? 0 : 16; shift < 32; shift += 8)
      scale_bytes.push_back(static_cast<uint8_t>(bits >> shift));
  }
  Tensors tensors;
  tensors.add("w", DType::kF8E4M3, {rows, columns}, codes);
  tensors.add("w_scale_inv", scale_type, {tile_rows, tile_columns}, scale_bytes);
  WeightStore store = tensors.store();
  const tenon_weight* weight = store.get(request("w", {rows, columns}));
  ASSERT_EQ(tensors.finish(store), "");

  std::vector<float> x(columns), y(rows);
  for (int64_t m = 0; m < columns; ++m) x[m] = static_cast<float>(m % 7) - 3;
  ThreadPool threads(2);
  for (Isa isa : {Isa::kScalar, widest_isa()}) {
    DenseOps ops(isa, threads);
    ASSERT_TRUE(ops.linear(*weight, nullptr, Matrix(x.data(), 1, columns), Matrix(y.data(), 1, rows)).ok());
    for (int64_t n = 0; n < rows; ++n) {
      double expected = 0, magnitude = 0;
      for (int64_t m = 0; m < columns; ++m) {
        double term =
            double(float_of_f8_e4m3(codes[n * columns + m])) * scales[n / 128 * tile_columns + m / 128] * x[m];
        expected += term, magnitude += std::fabs(term);
      }
      ASSERT_NEAR(y[n], expected, 1e-6 * magnitude + 1e-30) << name_of(isa) << " row " << n;
    }
  }
}

TEST(WeightStore, DequantisesF8WithPartialTiles) {
  for (DType scale_type : {DType::kF32, DType::kBF16}) {
    expect_dequantised(128, 128, scale_type);
    expect_dequantised(130, 200, scale_type);
    expect_dequantised(1, 257, scale_type);
    expect_dequantised(300, 5, scale_type);
  }
}

TEST(WeightStore, NamesScalesThatAreMissingOrWrong) {
  Tensors tensors;
  for (const char* name : {"a", "b", "c"}) tensors.add(name, DType::kF8E4M3, {130, 5});
  tensors.add("b_scale_inv", DType::kF32, {1, 1});
  tensors.add("c_scale_inv", DType::kF16, {2, 1});
  WeightStore store = tensors.store();
  for (const char* name : {"a", "b", "c"}) store.get(request(name, {130, 5}));
  EXPECT_EQ(
      tensors.finish(store),
      "1 tensor is missing (a_scale_inv for layer 0: mixer); 2 tensors are of another kind "
      "(b_scale_inv is [1, 1], expected [2, 1] for layer 0: mixer, c_scale_inv is f16, expected f32 or bf16)");
}

TEST(WeightStore, CountsTiedWeightsOnce) {
  Tensors tensors;
  tensors.add("embedding", DType::kBF16, {10, 4});
  WeightStore store = tensors.store();
  store.get(request("embedding", {10, 4}, 0, 0.1));
  store.get(request("embedding", {10, 4}));
  EXPECT_EQ(tensors.finish(store), "");
  EXPECT_EQ(store.totals().parameters, 40u);
  EXPECT_EQ(store.totals().bytes, 80u);
}

TEST(WeightStore, CountsWithoutACheckpoint) {
  StorageOptions options;
  options.matrices = DType::kF8E4M3;
  options.except = {"*router"};
  WeightStore store(std::nullopt, options);
  store.get(request("w", {256, 130}));                       // 33,280 bytes and 4 scales
  store.get(request("mlp.router", {8, 4}));                  // bf16
  store.get(request("e.{expert}.up", {128, 128}, 8, 0.25));  // 8 x (16,384 bytes and a scale), a quarter active
  const float* values = store.get_values(request("norm", {130}));
  EXPECT_EQ(refusal_of(store.finish()), "");
  EXPECT_EQ(values[129], 0.0f);
  EXPECT_EQ(store.totals().parameters, 33'280u + 32 + 8 * 16'384 + 130);
  EXPECT_EQ(store.totals().active_parameters, 33'280u + 32 + 2 * 16'384 + 130);
  EXPECT_EQ(store.totals().bytes, 33'280u + 16 + 64 + 8 * (16'384 + 4) + 260);
  EXPECT_EQ(store.totals().active_bytes, 33'280u + 16 + 64 + 2 * (16'384 + 4) + 260);
}

TEST(WeightStore, HandsOutAStandInForAnUnmappedName) {
  WeightStore store(std::nullopt, {});
  store.note_problem("norm is not mapped");
  EXPECT_TRUE(store.get(request("", {2, 3}))->members.empty());
  EXPECT_EQ(store.get_values(request("", {2}))[1], 0.0f);
  EXPECT_EQ(store.totals().parameters, 0u);
  EXPECT_EQ(refusal_of(store.finish()), "weights: norm is not mapped");
}

}  // namespace
}  // namespace tenon::testing
