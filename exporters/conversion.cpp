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

std::vector<int64_t> ends_of(const std::vector<RowRange>& ranges) {
  std::vector<int64_t> ends;
  for (const RowRange& range : ranges) ends.push_back((ends.empty() ? 0 : ends.back()) + range.rows);
  return ends;
}

// One output tensor on its way, and what its threads share. Rows go in units: one, or those that share scales.
struct Work {
  Work(const TensorSource& from, const OutputTensor& to, uint32_t threads);

  const TensorSource& source;
  const OutputTensor& output;
  int64_t columns, unit_rows = 1;
  uint64_t row_bytes;
  std::vector<int64_t> range_ends;  // rows of the output up to the end of each range

  int64_t first = 0, rows = 0;     // of the output, at hand
  std::vector<std::byte> bytes;    // of the rows at hand
  std::vector<std::byte> scales;   // of all units, if they have any
  std::vector<GroupError> errors;  // of each unit at hand
  std::vector<float> scratch;      // two units per worker
  std::atomic<int64_t> bad_row{-1};
};

Work::Work(const TensorSource& from, const OutputTensor& to, uint32_t threads)
    : source(from), output(to), columns(columns_of(to.shape())), range_ends(ends_of(to.ranges)) {
  int64_t all_rows = rows_of(to.shape());
  TENON_CHECK(range_ends.back() == all_rows, "{} has {} rows from {}", to.plan.name, all_rows,
              range_ends.back());
  if (to.scaled) unit_rows = to.scaled->unit_rows();
  row_bytes = to.scaled ? to.scaled->row_bytes() : bytes_of(to.plan.dtype, static_cast<uint64_t>(columns));
  scratch.resize(size_t{threads} * 2 * static_cast<size_t>(unit_rows * columns));
  uint64_t units = static_cast<uint64_t>((all_rows + unit_rows - 1) / unit_rows);
  if (to.scaled) scales.resize(to.scaled->unit_bytes() * units);
}

void change_row(float* row, int64_t columns, Change change) {
  if (change == Change::kPlusOne)
    for (int64_t i = 0; i < columns; ++i) row[i] += 1.0f;
  if (change == Change::kMinusExp)
    for (int64_t i = 0; i < columns; ++i) row[i] = -std::exp(row[i]);
}

void count_error(const float* values, const float* decoded, int64_t count, GroupError& error) {
  for (int64_t i = 0; i < count; ++i) {
    double difference = double{decoded[i]} - values[i];
    error.squared_error += difference * difference, error.squared_value += double{values[i]} * values[i];
  }
  error.elements = static_cast<uint64_t>(count);
}

void encode_blocks(const Work& work, const float* row, float* decoded, std::byte* to, GroupError& error) {
  DType type = work.output.plan.dtype;
  uint64_t columns = static_cast<uint64_t>(work.columns);
  quantise(type, row, columns, to);
  dequantise(type, to, columns, decoded);
  count_error(row, decoded, work.columns, error);
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

// Rows [at, at + count) of those at hand, as float32. False if some value is not.
bool read_rows(Work& work, int64_t at, int64_t count, float* to) {
  int64_t bad = -1;
  for (int64_t r = 0; r < count; ++r, to += work.columns) {
    Origin origin = origin_of(work, work.first + at + r);
    work.source.read_row(origin.range.tensor, origin.row, to);
    change_row(to, work.columns, work.output.change);
    if (!std::all_of(to, to + work.columns, [](float x) { return std::fabs(x) <= kValueMax; }))
      bad = work.first + at + r;
  }
  if (bad >= 0) work.bad_row = bad;
  return bad < 0;
}

void encode_plain(Work& work, const float* row, float* decoded, std::byte* to, GroupError& error) {
  switch (work.output.plan.dtype) {
    case DType::kF32: std::memcpy(to, row, work.row_bytes); return;
    case DType::kF16: encode_as<uint16_t>(row, work.columns, to, f16_of_float); return;
    case DType::kBF16: encode_as<uint16_t>(row, work.columns, to, bf16_of_float); return;
    default: encode_blocks(work, row, decoded, to, error);
  }
}

// The unit-th of the units at hand.
void encode_unit(Work& work, int64_t unit, uint32_t worker) {
  int64_t at = unit * work.unit_rows, count = std::min(work.unit_rows, work.rows - at);
  if (work.unit_rows == 1 && repeat_of(work, at) > 0) return;
  float* values = work.scratch.data() + static_cast<int64_t>(worker) * 2 * work.unit_rows * work.columns;
  float* decoded = values + work.unit_rows * work.columns;
  std::byte* to = work.bytes.data() + at * static_cast<int64_t>(work.row_bytes);
  if (!read_rows(work, at, count, values)) return;
  if (!work.output.scaled) return encode_plain(work, values, decoded, to, work.errors[unit]);
  int64_t first_unit = work.first / work.unit_rows;
  std::byte* scales =
      work.scales.data() + static_cast<uint64_t>(first_unit + unit) * work.output.scaled->unit_bytes();
  encode(*work.output.scaled, {values, count, to, scales, decoded});
  count_error(values, decoded, count * work.columns, work.errors[unit]);
}

// In order, so that what is copied is there, even if it is a copy.
void copy_repeats(Work& work) {
  for (int64_t at = 0; work.unit_rows == 1 && at < work.rows; ++at) {
    int64_t back = repeat_of(work, at);
    if (back == 0) continue;
    std::byte* to = work.bytes.data() + at * static_cast<int64_t>(work.row_bytes);
    std::memcpy(to, to - back * static_cast<int64_t>(work.row_bytes), work.row_bytes);
    work.errors[at] = work.errors[at - back];
    if (!work.output.scaled) continue;
    uint64_t bytes = work.output.scaled->unit_bytes();
    std::byte* scales = work.scales.data() + static_cast<uint64_t>(work.first + at) * bytes;
    std::memcpy(scales, scales - static_cast<uint64_t>(back) * bytes, bytes);
  }
}

void add_to(std::vector<GroupError>& groups, const OutputTensor& output, const FinishedOutput& error) {
  auto found = std::find_if(groups.begin(), groups.end(), [&](const GroupError& group) {
    return group.group == output.group && group.dtype == output.type();
  });
  if (found == groups.end()) {
    groups.push_back({output.group, output.type()});
    found = groups.end() - 1;
  }
  found->elements += error.elements;
  found->squared_error += error.squared_error, found->squared_value += error.squared_value;
}

Status convert_rows(Work& work, TensorWriter& writer, ThreadPool& threads) {
  int64_t units = (work.rows + work.unit_rows - 1) / work.unit_rows;
  work.bytes.resize(static_cast<uint64_t>(work.rows) * work.row_bytes);
  work.errors.assign(static_cast<size_t>(units), {});
  threads.parallel_for(
      static_cast<uint32_t>(units), work.unit_rows == 1 ? 4 : 1,
      [](void* ctx, uint32_t begin, uint32_t end, uint32_t worker) noexcept {
        for (uint32_t unit = begin; unit < end; ++unit) encode_unit(*static_cast<Work*>(ctx), unit, worker);
      },
      &work);
  copy_repeats(work);
  if (work.bad_row >= 0)
    return invalid("tensor " + work.output.plan.name + ": row " + std::to_string(work.bad_row) +
                   " has a value that is not finite or beyond 65504, expected weights");
  return writer.write(work.bytes);
}

// The source's rows at hand are not needed in memory any more.
void release_rows(const Work& work) {
  for (size_t i = 0; i < work.output.ranges.size(); ++i) {
    const RowRange& range = work.output.ranges[i];
    int64_t begin = std::max(work.first, work.range_ends[i] - range.rows);
    int64_t end = std::min(work.first + work.rows, work.range_ends[i]);
    if (begin < end)
      work.source.release(range.tensor, range.first + begin - (work.range_ends[i] - range.rows), end - begin);
  }
}

// Scales and shape, once all codes are written.
Status write_companions(const Work& work, TensorWriter& writer) {
  if (!work.output.scaled) return ok();
  TENON_TRY(writer.write(work.scales));
  int64_t shape[] = {work.output.scaled->rows, work.output.scaled->columns};
  return work.output.scaled->shape.empty() ? ok() : writer.write(std::as_bytes(std::span(shape)));
}

uint64_t elements_of(const std::vector<int64_t>& shape) { return *checked_elements(shape); }

}  // namespace

double GroupError::relative() const { return squared_value > 0 ? std::sqrt(squared_error / squared_value) : 0; }

int64_t columns_of(const std::vector<int64_t>& shape) { return shape.empty() ? 1 : shape.back(); }

int64_t rows_of(const std::vector<int64_t>& shape) {
  return static_cast<int64_t>(elements_of(shape)) / std::max<int64_t>(columns_of(shape), 1);
}

std::vector<int64_t> OutputTensor::shape() const {
  return scaled ? std::vector{scaled->rows, scaled->columns} : plan.shape;
}

std::vector<TensorPlan> OutputTensor::plans() const {
  std::vector<TensorPlan> plans = {plan};
  if (!scaled) return plans;
  plans.push_back(scaled->scales);
  plans.insert(plans.end(), scaled->shape.begin(), scaled->shape.end());
  return plans;
}

std::vector<TensorPlan> plans_of(const std::vector<OutputTensor>& outputs) {
  std::vector<TensorPlan> plans;
  for (const OutputTensor& output : outputs)
    for (TensorPlan& plan : output.plans()) plans.push_back(std::move(plan));
  return plans;
}

namespace {

bool is_quantised(const OutputTensor& output) {
  return output.scaled || block_of(output.plan.dtype).elements > 1;
}

// All of one tensor. Its error is summed unit by unit in their order, so that the sum does not depend on
// threads.
Result<FinishedOutput> convert_tensor(Work& work, TensorWriter& writer, ThreadPool& threads,
                                      const std::function<void(uint64_t elements)>& progress) {
  FinishedOutput finished;
  int64_t rows = rows_of(work.output.shape());
  int64_t units = std::max<int64_t>(1, kElementsAtATime / std::max<int64_t>(work.columns * work.unit_rows, 1));
  for (; work.first < rows; work.first += work.rows) {
    work.rows = std::min(units * work.unit_rows, rows - work.first);
    TENON_TRY(convert_rows(work, writer, threads));
    for (const GroupError& error : work.errors) {
      finished.elements += error.elements;
      finished.squared_error += error.squared_error, finished.squared_value += error.squared_value;
    }
    release_rows(work);
    progress(static_cast<uint64_t>(work.rows * work.columns));
  }
  TENON_TRY(write_companions(work, writer));
  finished.part = writer.end_part();
  return finished;
}

// How many outputs need not be done again.
Result<size_t> find_finished(TensorWriter& writer, ConversionRecord& record) {
  std::vector<WrittenPart> parts;
  for (const FinishedOutput& output : record.finished()) parts.push_back(output.part);
  TENON_TRY(size_t count, writer.go_on(parts));
  TENON_TRY(record.begin(count));
  return count;
}

}  // namespace

Result<std::vector<GroupError>> convert(const TensorSource& source, const std::vector<OutputTensor>& outputs,
                                        TensorWriter& writer, ThreadPool& threads,
                                        const ConversionProgress& progress, ConversionRecord* record) {
  uint64_t done = 0, total = 0;
  for (const OutputTensor& output : outputs) total += elements_of(output.shape());
  size_t skipped = 0;
  if (record) {
    TENON_TRY(skipped, find_finished(writer, *record));
  }
  std::vector<GroupError> groups;
  for (size_t i = 0; i < outputs.size(); ++i) {
    FinishedOutput finished;
    if (i < skipped) {
      finished = record->finished()[i];
      done += elements_of(outputs[i].shape());
    } else {
      Work work(source, outputs[i], threads.threads());
      TENON_TRY(finished, convert_tensor(work, writer, threads, [&](uint64_t elements) {
                  done += elements;
                  if (progress) progress(done, total);
                }));
      if (record) TENON_TRY(record->add(finished));
    }
    if (is_quantised(outputs[i])) add_to(groups, outputs[i], finished);
  }
  return groups;
}

}  // namespace tenon
