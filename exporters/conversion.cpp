#include <exporters/conversion.hpp>

#include <tenon/base/check.hpp>
#include <tenon/base/checked.hpp>
#include <tenon/weights/block_formats.hpp>
#include <tenon/weights/convert.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

namespace tenon {
namespace {

constexpr int64_t kElementsAtATime = 4 << 20;
constexpr float kValueMax = 65504;  // of half precision, in which blocks keep their scales

// One output tensor on its way, and what its threads share.
struct Work {
  const TensorSource& source;
  const OutputTensor& output;
  int64_t columns;
  uint64_t row_bytes;
  std::vector<int64_t> range_ends;  // rows of the output up to the end of each range

  int64_t first = 0;               // row of the output that `bytes` begins with
  std::vector<std::byte> bytes;    // of the rows at hand
  std::vector<GroupError> errors;  // of each of them
  std::vector<float> scratch;      // two rows per worker
  std::atomic<int64_t> bad_row{-1};
};

void change_row(float* row, int64_t columns, Change change) {
  if (change == Change::kPlusOne)
    for (int64_t i = 0; i < columns; ++i) row[i] += 1.0f;
  if (change == Change::kMinusExp)
    for (int64_t i = 0; i < columns; ++i) row[i] = -std::exp(row[i]);
}

void encode_blocks(const Work& work, const float* row, float* decoded, std::byte* to, GroupError& error) {
  DType type = work.output.plan.dtype;
  uint64_t columns = static_cast<uint64_t>(work.columns);
  quantise(type, row, columns, to);
  dequantise(type, to, columns, decoded);
  for (uint64_t i = 0; i < columns; ++i) {
    double difference = double{decoded[i]} - row[i];
    error.squared_error += difference * difference, error.squared_value += double{row[i]} * row[i];
  }
  error.elements = columns;
}

template <class Bits, class Convert>
void encode_as(const float* row, int64_t columns, std::byte* to, Convert&& convert) {
  for (int64_t i = 0; i < columns; ++i) {
    Bits bits = convert(row[i]);
    std::memcpy(to + i * static_cast<int64_t>(sizeof bits), &bits, sizeof bits);
  }
}

// Where a row of the output comes from.
struct Origin {
  const RowRange& range;
  int64_t row;  // of the source's tensor
};

Origin origin_of(const Work& work, int64_t out_row) {
  auto range =
      std::upper_bound(work.range_ends.begin(), work.range_ends.end(), out_row) - work.range_ends.begin();
  const RowRange& from = work.output.ranges[range];
  return {from, from.first + out_row - (work.range_ends[range] - from.rows)};
}

// How many rows before it the same row is among those at hand; 0: nowhere.
int64_t repeat_of(const Work& work, int64_t at) {
  Origin origin = origin_of(work, work.first + at);
  int64_t period = work.source.period(origin.range.tensor);
  return period > 0 && at >= period && origin.row - period >= origin.range.first ? period : 0;
}

void encode_row(Work& work, int64_t at, uint32_t worker) {
  if (repeat_of(work, at) > 0) return;
  float* row = work.scratch.data() + size_t{worker} * 2 * work.columns;
  std::byte* to = work.bytes.data() + at * static_cast<int64_t>(work.row_bytes);
  Origin origin = origin_of(work, work.first + at);
  work.source.read_row(origin.range.tensor, origin.row, row);
  change_row(row, work.columns, work.output.change);
  bool is_good = std::all_of(row, row + work.columns, [](float x) { return std::fabs(x) <= kValueMax; });
  if (!is_good) work.bad_row = work.first + at;
  switch (work.output.plan.dtype) {
    case DType::kF32: std::memcpy(to, row, work.row_bytes); return;
    case DType::kF16: encode_as<uint16_t>(row, work.columns, to, f16_of_float); return;
    case DType::kBF16: encode_as<uint16_t>(row, work.columns, to, bf16_of_float); return;
    default: break;
  }
  if (is_good) encode_blocks(work, row, row + work.columns, to, work.errors[at]);
}

// In order, so that what is copied is there, even if it is a copy.
void copy_repeats(Work& work, int64_t rows) {
  for (int64_t at = 0; at < rows; ++at) {
    int64_t back = repeat_of(work, at);
    if (back == 0) continue;
    std::byte* to = work.bytes.data() + at * static_cast<int64_t>(work.row_bytes);
    std::memcpy(to, to - back * static_cast<int64_t>(work.row_bytes), work.row_bytes);
    work.errors[at] = work.errors[at - back];
  }
}

void add_to(std::vector<GroupError>& groups, const OutputTensor& output, const GroupError& error) {
  auto found = std::find_if(groups.begin(), groups.end(), [&](const GroupError& group) {
    return group.group == output.group && group.dtype == output.plan.dtype;
  });
  if (found == groups.end()) {
    groups.push_back({output.group, output.plan.dtype});
    found = groups.end() - 1;
  }
  found->elements += error.elements;
  found->squared_error += error.squared_error, found->squared_value += error.squared_value;
}

Status convert_rows(Work& work, int64_t rows, TensorWriter& writer, ThreadPool& threads) {
  work.bytes.resize(static_cast<uint64_t>(rows) * work.row_bytes);
  work.errors.assign(static_cast<size_t>(rows), {});
  threads.parallel_for(
      static_cast<uint32_t>(rows), 4,
      [](void* ctx, uint32_t begin, uint32_t end, uint32_t worker) noexcept {
        for (uint32_t at = begin; at < end; ++at) encode_row(*static_cast<Work*>(ctx), at, worker);
      },
      &work);
  copy_repeats(work, rows);
  if (work.bad_row >= 0)
    return invalid("tensor " + work.output.plan.name + ": row " + std::to_string(work.bad_row) +
                   " has a value that is not finite or beyond 65504, expected weights");
  return writer.write(work.bytes);
}

std::vector<int64_t> ends_of(const std::vector<RowRange>& ranges) {
  std::vector<int64_t> ends;
  for (const RowRange& range : ranges) ends.push_back((ends.empty() ? 0 : ends.back()) + range.rows);
  return ends;
}

uint64_t elements_of(const std::vector<int64_t>& shape) { return *checked_elements(shape); }

}  // namespace

double GroupError::relative() const { return squared_value > 0 ? std::sqrt(squared_error / squared_value) : 0; }

int64_t columns_of(const std::vector<int64_t>& shape) { return shape.empty() ? 1 : shape.back(); }

int64_t rows_of(const std::vector<int64_t>& shape) {
  return static_cast<int64_t>(elements_of(shape)) / std::max<int64_t>(columns_of(shape), 1);
}

std::vector<TensorPlan> plans_of(const std::vector<OutputTensor>& outputs) {
  std::vector<TensorPlan> plans;
  for (const OutputTensor& output : outputs) plans.push_back(output.plan);
  return plans;
}

Result<std::vector<GroupError>> convert(const TensorSource& source, const std::vector<OutputTensor>& outputs,
                                        TensorWriter& writer, ThreadPool& threads,
                                        const ConversionProgress& progress) {
  uint64_t done = 0, total = 0;
  for (const OutputTensor& output : outputs) total += elements_of(output.plan.shape);
  std::vector<GroupError> groups;
  for (const OutputTensor& output : outputs) {
    int64_t columns = columns_of(output.plan.shape), rows = rows_of(output.plan.shape);
    Work work{source, output, columns, bytes_of(output.plan.dtype, static_cast<uint64_t>(columns)),
              ends_of(output.ranges)};
    TENON_CHECK(work.range_ends.back() == rows, "{} has {} rows from {}", output.plan.name, rows,
                work.range_ends.back());
    work.scratch.resize(size_t{threads.threads()} * 2 * columns);
    int64_t at_a_time = std::max<int64_t>(1, kElementsAtATime / columns);
    for (; work.first < rows; work.first += at_a_time) {
      int64_t count = std::min(at_a_time, rows - work.first);
      TENON_TRY(convert_rows(work, count, writer, threads));
      // Row by row in their order, so that the sums do not depend on threads.
      for (const GroupError& error : work.errors)
        if (block_of(output.plan.dtype).elements > 1) add_to(groups, output, error);
      if (progress) progress(done += static_cast<uint64_t>(count * columns), total);
    }
  }
  return groups;
}

}  // namespace tenon
