// Where a conversion takes its numbers from: a checkpoint, or a generator. Any thread.
#pragma once
#include <tenon/weights/checkpoint.hpp>

#include <map>

namespace tenon {

class TensorSource {
 public:
  virtual ~TensorSource() = default;

  // NULL if there is no such tensor.
  virtual const std::vector<int64_t>* find_shape(const std::string& name) const = 0;
  // Row `row` as float32, [columns]: the last dimension is a row, all others count rows.
  // REQUIRES: there is such a row
  virtual void read_row(const std::string& name, int64_t row, float* to) const = 0;
  // What its elements are stored as, without loss. REQUIRES: there is such a tensor
  virtual DType type_of(const std::string& name) const = 0;
  // Says that so many rows, from `first` on, will not be asked for again soon.
  virtual void release(const std::string&, int64_t /*first*/, int64_t /*rows*/) const {}
  // A hash of what decides the values: of files their names, sizes and times of change.
  virtual uint64_t identity() const = 0;
  // After how many rows a tensor repeats itself, so that work on a row may be done once; 0: never.
  virtual int64_t period(const std::string&) const { return 0; }
};

// Float tensors of a checkpoint; f8_e4m3 ones with the scales beside them.
class CheckpointSource final : public TensorSource {
 public:
  // Fails if a tensor is of a type that no matrix has, or has no scales where it needs them.
  static Result<CheckpointSource> open(const std::filesystem::path& path);

  // Of all tensors that are not scales.
  std::vector<std::string> names() const;
  const std::vector<int64_t>* find_shape(const std::string& name) const override;
  void read_row(const std::string& name, int64_t row, float* to) const override;
  void release(const std::string& name, int64_t first, int64_t rows) const override;
  uint64_t identity() const override;
  // float32 for f8_e4m3, whose products with scales no shorter type holds.
  DType type_of(const std::string& name) const override;

 private:
  explicit CheckpointSource(Checkpoint checkpoint) : checkpoint_(std::move(checkpoint)) {}

  Checkpoint checkpoint_;
  std::map<std::string, std::vector<float>> scales_;  // [ceil(rows / 128), ceil(columns / 128)] by tensor
};

// How a made-up tensor's elements are spread: evenly, over [middle - spread, middle + spread].
struct RandomSpread {
  double middle = 0, spread = 1;
};

// Tensors whose every element follows from seed, name and place alone, and is a bfloat16, as in published
// checkpoints. Rows of large ones may repeat: it takes
// long to quantise many.
class RandomSource final : public TensorSource {
 public:
  // type: what type_of gives of all tensors; values are finer.
  explicit RandomSource(uint64_t seed, DType type = DType::kBF16) : seed_(seed), type_(type) {}
  void add(const std::string& name, std::vector<int64_t> shape, RandomSpread spread, int64_t period = 0);

  const std::vector<int64_t>* find_shape(const std::string& name) const override;
  void read_row(const std::string& name, int64_t row, float* to) const override;
  int64_t period(const std::string& name) const override;
  DType type_of(const std::string&) const override { return type_; }
  uint64_t identity() const override { return seed_; }

 private:
  struct Entry {
    std::vector<int64_t> shape;
    RandomSpread spread;
    int64_t period;
    uint64_t seed;
  };

  uint64_t seed_;
  DType type_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tenon
