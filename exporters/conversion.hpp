// Writing one checkpoint out of another, tensor by tensor and a few rows at a time.
#pragma once
#include <exporters/conversion_record.hpp>
#include <exporters/scaled_matrix.hpp>
#include <exporters/tensor_source.hpp>

#include <tenon/base/thread_pool.hpp>

namespace tenon {

// Consecutive rows of a source's tensor.
struct RowRange {
  std::string tensor;
  int64_t first, rows;
};

// What happens to every element on its way.
enum class Change { kNone, kPlusOne, kMinusExp };

// A tensor to be written: rows of the source, one range after another.
struct OutputTensor {
  TensorPlan plan;  // of a scaled matrix, its codes
  std::vector<RowRange> ranges;
  Change change = Change::kNone;
  std::string group;                   // that its error is counted under
  std::optional<ScaledMatrix> scaled;  // its scales and so on follow it in the file

  DType type() const { return scaled ? scaled->type : plan.dtype; }
  std::vector<int64_t> shape() const;  // of what is written, whatever that takes in the file
  std::vector<TensorPlan> plans() const;
};

// What quantisation cost the tensors of a group that share a type.
struct GroupError {
  std::string group;
  DType dtype;
  uint64_t elements = 0;
  double squared_error = 0, squared_value = 0;

  double relative() const;  // root of the two's ratio
};

// Told how many elements are done, of how many.
using ConversionProgress = std::function<void(uint64_t done, uint64_t total)>;

// Writes all outputs in their order; `writer` was made for their plans. Rows are computed on the pool's
// threads, and the result does not depend on their number. Memory: about 40 MiB, and the scales of a tensor.
// Fails, naming tensor and row, for values that are not finite or beyond what the type holds. Returns one entry
// per group and quantised type.
//
// With a record, what it has finished and `writer` still finds is not done again; the rest is added to it.
Result<std::vector<GroupError>> convert(const TensorSource& source, const std::vector<OutputTensor>& outputs,
                                        TensorWriter& writer, ThreadPool& threads,
                                        const ConversionProgress& progress = {},
                                        ConversionRecord* record = nullptr);

std::vector<TensorPlan> plans_of(const std::vector<OutputTensor>& outputs);

// [rows, columns] as a source sees a shape.
int64_t columns_of(const std::vector<int64_t>& shape);
int64_t rows_of(const std::vector<int64_t>& shape);

}  // namespace tenon
