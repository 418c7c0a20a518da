#include <exporters/conversion.hpp>

#include <tests/testing/temp_dir.hpp>

#include <tenon/weights/convert.hpp>
#include <tenon/weights/gguf.hpp>
#include <tenon/weights/safetensors.hpp>

#include <cmath>
#include <limits>

namespace tenon::testing {
namespace {

RandomSource random_source(uint64_t seed = 1) {
  RandomSource source(seed);
  source.add("a", {300, 64}, {0, 1});
  source.add("b", {300, 64}, {5, 0.5});
  return source;
}

Result<std::vector<GroupError>> write(const TensorSource& source, const std::vector<OutputTensor>& outputs,
                                      const std::filesystem::path& path, uint32_t threads) {
  ThreadPool pool(threads);
  auto writer = TensorWriter::gguf(path, {}, plans_of(outputs));
  EXPECT_TRUE(writer.ok()) << refusal_of(writer);
  TENON_TRY(auto errors, convert(source, outputs, writer.value(), pool));
  EXPECT_TRUE(writer.value().finish().ok());
  return errors;
}

// The only tensor of a file.
std::vector<float> floats_in(const std::filesystem::path& path) {
  auto file = Gguf::open(path);
  EXPECT_TRUE(file.ok()) << refusal_of(file);
  return floats_of(file.value()->tensors().begin()->second);
}

TEST(RandomSource, GivesEveryElementBySeedNameAndPlace) {
  RandomSource source = random_source(), again = random_source(), other = random_source(2);
  std::vector<float> row(64), same(64), different(64);
  double sum = 0, most = 0;
  for (int64_t r = 0; r < 300; ++r) {
    source.read_row("b", r, row.data());
    for (float x : row) sum += x, most = std::max(most, std::fabs(x - 5.0));
  }
  EXPECT_NEAR(sum / (300 * 64), 5.0, 0.01);
  EXPECT_LE(most, 0.5);
  EXPECT_GT(most, 0.49);
  source.read_row("a", 7, row.data()), again.read_row("a", 7, same.data()),
      other.read_row("a", 7, different.data());
  EXPECT_EQ(row, same);
  EXPECT_NE(row, different);
  source.read_row("a", 8, different.data());
  EXPECT_NE(row, different);
}

TEST(Conversion, TakesRowsFromRangesAndChangesThem) {
  RandomSource source = random_source();
  TempDir dir;
  std::vector<OutputTensor> outputs = {
      {{"out", DType::kF32, {4, 64}}, {{"a", 10, 1}, {"b", 0, 2}, {"a", 0, 1}}, Change::kPlusOne}};
  ASSERT_TRUE(write(source, outputs, dir / "x.gguf", 2).ok());
  std::vector<float> written = floats_in(dir / "x.gguf"), row(64);
  int64_t at = 0;
  for (auto [tensor, from] : {std::pair("a", 10), {"b", 0}, {"b", 1}, {"a", 0}}) {
    source.read_row(tensor, from, row.data());
    for (float x : row) EXPECT_EQ(written[at++], x + 1.0f);
  }
  outputs = {{{"out", DType::kF32, {64}}, {{"a", 3, 1}}, Change::kMinusExp}};
  ASSERT_TRUE(write(source, outputs, dir / "y.gguf", 1).ok());
  source.read_row("a", 3, row.data());
  EXPECT_EQ(floats_in(dir / "y.gguf")[5], -std::exp(row[5]));
}

TEST(Conversion, RepeatsRowsAsTheSourceDoes) {
  RandomSource source(1);
  source.add("a", {300, 64}, {0, 1}, 7);
  TempDir dir;
  std::vector<OutputTensor> outputs = {{{"out", DType::kF32, {250, 64}}, {{"a", 3, 100}, {"a", 0, 150}}}};
  ASSERT_TRUE(write(source, outputs, dir / "x.gguf", 3).ok());
  std::vector<float> written = floats_in(dir / "x.gguf"), row(64);
  for (int64_t r = 0; r < 250; ++r) {
    source.read_row("a", (r < 100 ? 3 + r : r - 100) % 7, row.data());
    EXPECT_TRUE(std::equal(row.begin(), row.end(), written.begin() + r * 64)) << r;
  }
}

TEST(Conversion, DoesNotDependOnThreads) {
  TempDir dir;
  std::vector<OutputTensor> outputs = {
      {{"q8", DType::kQ8_0, {300, 64}}, {{"a", 0, 300}}, Change::kNone, "dense"},
      {{"q4", DType::kQ4_0, {300, 64}}, {{"b", 0, 300}}, Change::kNone, "dense"}};
  auto one = write(random_source(), outputs, dir / "1.gguf", 1),
       three = write(random_source(), outputs, dir / "3.gguf", 3);
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(content_of(dir / "1.gguf"), content_of(dir / "3.gguf"));
  ASSERT_EQ(one.value().size(), 2u);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(one.value()[i].squared_error, three.value()[i].squared_error);
}

TEST(Conversion, ReportsTheErrorOfEachGroupAndType) {
  TempDir dir;
  std::vector<OutputTensor> outputs = {
      {{"q8", DType::kQ8_0, {300, 64}}, {{"a", 0, 300}}, Change::kNone, "dense"},
      {{"more", DType::kQ8_0, {300, 64}}, {{"a", 0, 300}}, Change::kNone, "dense"},
      {{"q4", DType::kQ4_0, {300, 64}}, {{"a", 0, 300}}, Change::kNone, "dense"},
      {{"f", DType::kF32, {300, 64}}, {{"a", 0, 300}}, Change::kNone, "dense"}};
  auto errors = write(random_source(), outputs, dir / "x.gguf", 2);
  ASSERT_TRUE(errors.ok()) << refusal_of(errors);
  ASSERT_EQ(errors.value().size(), 2u);
  EXPECT_EQ(errors.value()[0].elements, 2u * 300 * 64);
  EXPECT_LT(errors.value()[0].relative(), 0.006);
  EXPECT_GT(errors.value()[0].relative(), 0.001);
  EXPECT_LT(errors.value()[1].relative(), 0.1);
  EXPECT_GT(errors.value()[1].relative(), 0.02);
}

TEST(Conversion, RefusesValuesThatAreNone) {
  TempDir dir;
  std::vector<float> values(64, 1.0f);
  values[40] = std::numeric_limits<float>::infinity();
  ASSERT_TRUE(write_safetensors(dir / "m.safetensors", {{"w", DType::kF32, {2, 32}, values.data()}}).ok());
  auto source = CheckpointSource::open(dir / "m.safetensors");
  ASSERT_TRUE(source.ok()) << refusal_of(source);
  std::vector<OutputTensor> outputs = {{{"out", DType::kQ8_0, {2, 32}}, {{"w", 0, 2}}}};
  EXPECT_EQ(refusal_of(write(source.value(), outputs, dir / "x.gguf", 1)),
            "tensor out: row 1 has a value that is not finite or beyond 65504, expected weights");
  EXPECT_EQ(dir.names(), std::vector<std::string>{"m.safetensors"});
}

TEST(CheckpointSource, ReadsRowsOfEveryFloatType) {
  TempDir dir;
  std::vector<uint8_t> f8(130 * 130, 0x38);  // 1.0
  std::vector<float> scales = {1, 2, 3, 4};
  uint16_t bf16[2] = {0x3f80, 0x4000}, f16[2] = {0x3c00, 0xc000};
  ASSERT_TRUE(write_safetensors(dir / "m.safetensors", {{"f8", DType::kF8E4M3, {130, 130}, f8.data()},
                                                        {"f8_scale_inv", DType::kF32, {2, 2}, scales.data()},
                                                        {"bf16", DType::kBF16, {2}, bf16},
                                                        {"f16", DType::kF16, {2}, f16}})
                  .ok());
  auto source = CheckpointSource::open(dir / "m.safetensors");
  ASSERT_TRUE(source.ok()) << refusal_of(source);
  EXPECT_EQ(source.value().names(), (std::vector<std::string>{"bf16", "f16", "f8"}));
  std::vector<float> row(130);
  source.value().read_row("f8", 129, row.data());
  EXPECT_EQ(row[127], 3.0f);
  EXPECT_EQ(row[128], 4.0f);
  source.value().read_row("bf16", 0, row.data());
  EXPECT_EQ(row[1], 2.0f);
  source.value().read_row("f16", 0, row.data());
  EXPECT_EQ(row[1], -2.0f);
}

}  // namespace
}  // namespace tenon::testing
