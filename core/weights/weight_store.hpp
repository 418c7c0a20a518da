// Finds the tensors that plugins ask for, keeps what they are given alive, and counts. Requests go on after a
// problem, so that finish() can name every missing, misshapen and unused tensor at once.
#pragma once
#include <tenon/weights/grouped_tensors.hpp>

#include <deque>
#include <optional>
#include <set>

namespace tenon {

// The description's [weights] table, as far as storage goes.
struct StorageOptions {
  DType dtype = DType::kBF16;               // what to assume where there is no checkpoint to look at
  std::optional<DType> matrices;            // the same, for matrices, with scales: f8_e4m3, int4 and others
  std::vector<std::string> except;          // patterns (* and ?) of tensors that stay `dtype` all the same
  std::string scale_suffix = "_scale_inv";  // NAME + suffix holds the scales of an f8_e4m3 tensor NAME
  GptqVersion gptq_version = GptqVersion::kLessOne;
  std::vector<std::string> ignore;  // patterns of tensors that nobody needs to ask for
};

// A request with the names resolved.
struct TensorRequest {
  std::string tensor;  // name in the checkpoint; {expert} counts through a group. Empty: there is none, and
                       // what is handed out only stands in until finish() fails
  std::vector<int64_t> shape;  // of one member
  uint32_t group = 0;          // 0: a single tensor
  double active = 1;           // share of the elements that one token uses, for the count
  std::string who;             // for messages
};

struct WeightTotals {
  uint64_t parameters = 0, bytes = 0;
  double active_parameters = 0, active_bytes = 0;  // a share of each group, so not always whole
};

// Threads: [control], one at a time. What it hands out lives as long as it does.
class WeightStore {
 public:
  // Without a checkpoint every request succeeds, and values are zeros: enough to plan and to count.
  WeightStore(std::optional<Checkpoint> checkpoint, StorageOptions options);

  // A matrix or group for ops.
  const tenon_weight* get(const TensorRequest& request);
  // Float32 values, [elements].
  const float* get_values(const TensorRequest& request);
  // Notes a problem found by the caller (a name that is not mapped, say).
  void note_problem(std::string text) { problems_.push_back(std::move(text)); }

  // Every problem at once, tensors that nobody asked for included.
  Status finish();

  // Everything that get() has handed out.
  std::deque<tenon_weight>& matrices() { return weights_; }

  // Where in the checkpoint's files a member's bytes are.
  std::optional<FilePlace> find_place(const std::byte* data) const;
  // Of the checkpoint's files; none without one.
  std::vector<SourceIdentity> sources() const {
    return checkpoint_ ? checkpoint_->sources() : std::vector<SourceIdentity>();
  }

  const WeightTotals& totals() const { return totals_; }
  bool has_checkpoint() const { return checkpoint_.has_value(); }

 private:
  const StoredTensor* take(const std::string& name, const std::vector<int64_t>& shape,
                           const TensorRequest& request);
  const float* take_scales(const std::string& name, const tenon_weight& weight, const TensorRequest& request);
  void add_member(tenon_weight& weight, const std::string& name, const TensorRequest& request);
  void add_stack(tenon_weight& weight, const TensorRequest& request);
  bool add_grouped(tenon_weight& weight, const std::string& name, const TensorRequest& request);
  void count(const std::string& name, const TensorRequest& request, uint64_t elements, double bytes);
  DType assumed_dtype(const std::string& name, int64_t columns) const;
  std::vector<std::string> unused() const;

  std::optional<Checkpoint> checkpoint_;
  StorageOptions options_;
  std::deque<tenon_weight> weights_;
  std::deque<std::vector<float>> values_;
  std::set<std::string, std::less<>> used_, counted_;
  std::vector<std::string> missing_, misshapen_, problems_;
  WeightTotals totals_;
};

}  // namespace tenon
