#include <exporters/conversion.hpp>

#include <tests/testing/temp_dir.hpp>

#include <tenon/weights/convert.hpp>
#include <tenon/weights/gguf.hpp>
#include <tenon/weights/safetensors.hpp>
#include <tenon/weights/weight_blocks.hpp>
#include <tenon/weights/weight_store.hpp>

#include <cmath>
#include <fstream>
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

// A matrix of a directory, there and back through the store that models are loaded with.
std::vector<float> there_and_back(DType type, const RandomSource& source, int64_t rows, int64_t columns,
                                  std::vector<GroupError>& errors, uint32_t threads = 2) {
  TempDir dir;
  OutputTensor output{{}, {{"m", 0, rows}}, Change::kNone, "dense"};
  output.scaled = scaled_matrix("m.weight", type, rows, columns);
  output.plan = output.scaled->codes;
  std::vector<OutputTensor> outputs = {output};
  ThreadPool pool(threads);
  auto writer = TensorWriter::safetensors(dir / "m.safetensors", plans_of(outputs));
  auto converted = convert(source, outputs, writer.value(), pool);
  EXPECT_TRUE(converted.ok() && writer.value().finish().ok()) << refusal_of(converted);
  errors = converted.value();
  WeightStore store(std::move(Checkpoint::open(dir / "m.safetensors")).value(), {});
  TensorRequest request;
  request.tensor = "m.weight", request.shape = {rows, columns}, request.who = "test";
  const tenon_weight* weight = store.get(request);
  EXPECT_EQ(refusal_of(store.finish()), "");
  EXPECT_EQ(weight->dtype, type);
  std::vector<float> values(rows * columns);
  if (type != DType::kF8E4M3) {
    dequantise_rows(*weight, 0, 0, rows, values.data());
    return values;
  }
  for (int64_t i = 0; i < rows * columns; ++i)
    values[i] = float_of_f8_e4m3(std::to_integer<uint8_t>(weight->members[0].data[i])) *
                weight->members[0].scales[i / columns / 128 * ((columns + 127) / 128) + i % columns / 128];
  return values;
}

TEST(Conversion, ScaledMatricesComeBackNearlyAsTheyWere) {
  constexpr int64_t kRows = 300, kColumns = 256;
  RandomSource source(3);
  source.add("m", {kRows, kColumns}, {0, 0.05});
  for (auto [type, bound] : {std::pair{DType::kF8E4M3, 0.03},
                             {DType::kInt8, 0.006},
                             {DType::kInt8_32, 0.006},
                             {DType::kInt4, 0.085},
                             {DType::kInt4_32, 0.075}}) {
    std::vector<GroupError> errors, again;
    std::vector<float> values = there_and_back(type, source, kRows, kColumns, errors), row(kColumns);
    double error = 0, power = 0;
    for (int64_t r = 0; r < kRows; ++r) {
      source.read_row("m", r, row.data());
      for (int64_t i = 0; i < kColumns; ++i)
        error += std::pow(double(row[i]) - values[r * kColumns + i], 2), power += std::pow(double(row[i]), 2);
    }
    EXPECT_LT(std::sqrt(error / power), bound) << name_of(type);
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_EQ(errors[0].dtype, type);
    EXPECT_EQ(errors[0].elements, uint64_t{kRows * kColumns});
    // What is reported is what is read.
    EXPECT_NEAR(errors[0].relative(), std::sqrt(error / power), 1e-6) << name_of(type);
    EXPECT_EQ(there_and_back(type, source, kRows, kColumns, again, 3), values) << name_of(type);
    EXPECT_EQ(again[0].squared_error, errors[0].squared_error) << name_of(type);
  }
}

TEST(Conversion, ScaledRowsRepeatAsTheSourceDoes) {
  RandomSource source(3), plain(3);
  source.add("m", {50, 128}, {0, 1}, 7), plain.add("m", {50, 128}, {0, 1});
  for (DType type : {DType::kInt4, DType::kF8E4M3}) {
    std::vector<GroupError> errors;
    std::vector<float> values = there_and_back(type, source, 50, 128, errors);
    if (type == DType::kF8E4M3) continue;  // rows share scales, and the last tile is partial
    for (int64_t i = 7 * 128; i < 50 * 128; ++i) ASSERT_EQ(values[i], values[i - 7 * 128]) << i;
  }
}

// A conversion of four tensors whose process ends after `count` of them, as far as files show.
class Interrupted {
 public:
  explicit Interrupted(size_t count) {
    for (const char* name : {"a", "b", "c", "d"}) {
      source_.add(name, {300, 64}, {0, 1});
      outputs_.push_back({{name, DType::kQ4_0, {300, 64}}, {{name, 0, 300}}, Change::kNone, "dense"});
    }
    std::vector<OutputTensor> first(outputs_.begin(), outputs_.begin() + static_cast<int64_t>(count));
    auto writer = open();
    ConversionRecord record = ConversionRecord::open(path(), 1, ConversionRecord::Resume::kNo);
    ThreadPool pool(2);
    EXPECT_TRUE(convert(source_, first, writer, pool, {}, &record).ok());
    std::filesystem::copy_file(dir_ / ".x.gguf.part", dir_ / "left");
    std::filesystem::copy_file(dir_ / ".x.gguf.part.done", dir_ / "left.done");
  }

  std::filesystem::path path() const { return dir_ / "x.gguf"; }
  std::filesystem::path part() const { return dir_ / ".x.gguf.part"; }
  std::filesystem::path record() const { return dir_ / ".x.gguf.part.done"; }
  TensorWriter open() {
    return std::move(TensorWriter::gguf(path(), {}, plans_of(outputs_), TensorWriter::Kept::kYes)).value();
  }

  // What is written, and how many elements were computed for it.
  std::pair<std::string, uint64_t> resume(uint64_t task = 1) {
    uint64_t before = 0, after = 0;
    ConversionRecord record = ConversionRecord::open(path(), task, ConversionRecord::Resume::kYes);
    auto writer = open();
    ThreadPool pool(2);
    bool is_first = true;
    auto errors = convert(
        source_, outputs_, writer, pool,
        [&](uint64_t done, uint64_t) {
          if (std::exchange(is_first, false)) before = done;
          after = done;
        },
        &record);
    EXPECT_TRUE(errors.ok() && writer.finish().ok()) << refusal_of(errors);
    errors_ = errors.value();
    return {content_of(path()), is_first ? 0 : after - before + 300 * 64};
  }
  // What was there when the process ended, after the last one that was written whole.
  void put_back() {
    for (auto [from, to] : {std::pair(dir_ / "left", part()), {dir_ / "left.done", record()}})
      std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  }
  double squared_error() const { return errors_.at(0).squared_error; }

 private:
  TempDir dir_;
  RandomSource source_{1};
  std::vector<OutputTensor> outputs_;
  std::vector<GroupError> errors_;
};

constexpr uint64_t kEach = 300 * 64;

TEST(ConversionRecord, WhatIsFinishedIsNotDoneAgain) {
  Interrupted none(0), some(3);
  auto [whole, all] = none.resume();
  EXPECT_EQ(all, 4 * kEach);
  some.put_back();
  auto [resumed, rest] = some.resume();
  EXPECT_EQ(rest, kEach);
  EXPECT_EQ(resumed, whole);
  EXPECT_EQ(some.squared_error(), none.squared_error());
}

TEST(ConversionRecord, BytesThatChangedAreDoneAgainAndAllAfterThem) {
  Interrupted conversion(3);
  auto [whole, all] = conversion.resume();
  EXPECT_EQ(all, 4 * kEach);  // the writer that was given up took its file with it
  for (auto [at, expected] :
       {std::pair<int64_t, uint64_t>{-2, 2 * kEach}, {-300 * 64, 3 * kEach}, {9, 4 * kEach}}) {
    conversion.put_back();
    std::string content = content_of(conversion.part());
    content[static_cast<size_t>(at < 0 ? static_cast<int64_t>(content.size()) + at : at)] ^= 1;
    std::ofstream(conversion.part(), std::ios::binary) << content;
    auto [resumed, done] = conversion.resume();
    EXPECT_EQ(done, expected) << at;
    EXPECT_EQ(resumed, whole);
  }
}

TEST(ConversionRecord, LinesCutShortAndOtherTasksCountForNothing) {
  Interrupted conversion(3);
  std::string whole = conversion.resume().first;
  conversion.put_back();
  std::string record = content_of(conversion.record());
  std::ofstream(conversion.record(), std::ios::binary) << record.substr(0, record.size() - 1);
  EXPECT_EQ(conversion.resume(), std::pair(whole, 2 * kEach));
  conversion.put_back();
  EXPECT_EQ(conversion.resume(2), std::pair(whole, 4 * kEach));
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
