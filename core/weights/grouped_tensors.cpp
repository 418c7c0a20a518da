#include <tenon/weights/grouped_tensors.hpp>

#include <tenon/base/checked.hpp>

#include <cstring>

namespace tenon {
namespace {

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

template <class Number>
Number number_at(const StoredTensor& tensor, int64_t index) {
  Number number;
  std::memcpy(&number, tensor.data + index * static_cast<int64_t>(sizeof number), sizeof number);
  return number;
}

// Collects one matrix. `stem` is what all its tensors' names begin with.
class Finder {
 public:
  Finder(const Checkpoint& checkpoint, std::string stem, int64_t rows, int64_t columns)
      : checkpoint_(checkpoint), stem_(std::move(stem)), rows_(rows), columns_(columns) {}

  // `codes` is words along inputs, of [rows, words] or, transposed, [words, rows].
  Status find(const char* codes, const char* scales, bool is_transposed) {
    found_.layout.is_transposed = is_transposed;
    const StoredTensor* packed = take(codes);
    if (packed->dtype != DType::kI32 || packed->shape.size() != 2)
      return refuse(codes, *packed, "i32 of rank 2");
    int64_t words = packed->shape[is_transposed ? 0 : 1];
    bits_ = columns_ > 0 ? words * 32 / columns_ : 0;
    if (bits_ != 4 && bits_ != 8)
      return refuse(codes, *packed, "4 or 8 bits for each of " + std::to_string(columns_) + " inputs");
    if (packed->shape != shape(rows_, columns_ * bits_ / 32))
      return refuse(codes, *packed, text_of(shape(rows_, columns_ * bits_ / 32)));
    found_.member.data = packed->data;
    return find_scales(scales);
  }

  // i / group for input i, or no such tensor.
  Status check_order(const char* name) {
    const StoredTensor* order = take(name);
    if (!order) return ok();
    if (order->dtype != DType::kI32 || order->shape != std::vector{columns_})
      return refuse(name, *order, "i32 [" + std::to_string(columns_) + "]");
    for (int64_t i = 0; i < columns_; ++i)
      if (number_at<int32_t>(*order, i) != i / found_.layout.group)
        return invalid(stem_ + name + " puts input " + std::to_string(i) + " in group " +
                       std::to_string(number_at<int32_t>(*order, i)) + ", expected " +
                       std::to_string(i / found_.layout.group) +
                       "; inputs in another order (act-order, desc_act) are not read");
    return ok();
  }

  // Words of [rows, groups] along rows. `middle`: the zero point of a matrix that has none, as it is stored.
  Status find_zeros(const char* name, std::optional<uint32_t> middle) {
    const StoredTensor* zeros = take(name);
    if (!zeros) return ok();
    int64_t words = (rows_ * bits_ + 31) / 32;
    if (zeros->dtype != DType::kI32 || zeros->shape != shape(words, groups()))
      return refuse(name, *zeros, "i32 " + text_of(shape(words, groups())));
    if (middle && is_all(*zeros, *middle)) return ok();
    if (bits_ != 4)
      return invalid(stem_ + name + " has zero points for 8 bits, expected none or all in the middle");
    found_.member.zeros = zeros->data;
    return ok();
  }

  Status check_shape(const char* name) {
    const StoredTensor* stored = take(name);
    if (!stored) return ok();
    bool is_list = stored->dtype == DType::kI64 && stored->shape == std::vector<int64_t>{2};
    if (!is_list || number_at<int64_t>(*stored, 0) != rows_ || number_at<int64_t>(*stored, 1) != columns_)
      return invalid(stem_ + name + " is of another kind, expected i64 with the numbers " +
                     text_of({rows_, columns_}));
    return ok();
  }

  GroupedTensors finish() {
    bool is_wide = found_.layout.group % 128 == 0;
    if (found_.member.zeros)
      found_.dtype = DType::kUint4_32;
    else if (bits_ == 4)
      found_.dtype = is_wide ? DType::kInt4 : DType::kInt4_32;
    else
      found_.dtype = is_wide ? DType::kInt8 : DType::kInt8_32;
    return std::move(found_);
  }

  void set_zero_offset(uint32_t offset) { found_.layout.zero_offset = offset; }
  int64_t bits() const { return bits_; }

 private:
  std::vector<int64_t> shape(int64_t out, int64_t in) const {
    return found_.layout.is_transposed ? std::vector{in, out} : std::vector{out, in};
  }
  int64_t groups() const { return columns_ / found_.layout.group; }

  const StoredTensor* take(const char* name) {
    const StoredTensor* tensor = checkpoint_.find(stem_ + name);
    if (!tensor) return nullptr;
    found_.names.push_back(stem_ + name), found_.bytes += tensor->bytes;
    return tensor;
  }

  Status find_scales(const char* name) {
    const StoredTensor* scales = take(name);
    if (!scales) return invalid(stem_ + name + " is missing, expected scales of codes");
    bool is_read =
        scales->dtype == DType::kF32 || scales->dtype == DType::kF16 || scales->dtype == DType::kBF16;
    int64_t groups = scales->shape.size() == 2 ? scales->shape[found_.layout.is_transposed ? 0 : 1] : 0;
    if (!is_read || groups < 1 || columns_ % groups != 0 || scales->shape != shape(rows_, groups))
      return refuse(name, *scales, "f32, f16 or bf16 " + text_of(shape(rows_, 1)) + " or more groups");
    found_.layout.group = columns_ / groups, found_.layout.scale_type = scales->dtype;
    found_.member.group_scales = scales->data;
    if (found_.layout.group % 32 != 0)
      return refuse(name, *scales,
                    "groups of a multiple of 32 inputs, not " + std::to_string(found_.layout.group));
    return ok();
  }

  bool is_all(const StoredTensor& zeros, uint32_t stored) const {
    uint32_t word = bits_ == 4 ? stored * 0x11111111u : stored * 0x01010101u;
    int64_t words = static_cast<int64_t>(zeros.bytes / sizeof word);
    // Beyond the last row nothing is said.
    if (rows_ * bits_ % 32 != 0) return false;
    for (int64_t i = 0; i < words; ++i)
      if (number_at<uint32_t>(zeros, i) != word) return false;
    return true;
  }

  Error refuse(const char* name, const StoredTensor& tensor, const std::string& expectation) const {
    return invalid(stem_ + name + " is " + name_of(tensor.dtype) + " " + text_of(tensor.shape) + ", expected " +
                   expectation);
  }

  const Checkpoint& checkpoint_;
  std::string stem_;
  int64_t rows_, columns_, bits_ = 0;
  GroupedTensors found_{};
};

Result<std::optional<GroupedTensors>> find_pack_quantized(Finder finder) {
  TENON_TRY(finder.find("_packed", "_scale", false));
  TENON_TRY(finder.check_shape("_shape"));
  TENON_TRY(finder.check_order("_g_idx"));
  TENON_TRY(finder.find_zeros("_zero_point", std::nullopt));
  return std::optional(finder.finish());
}

Result<std::optional<GroupedTensors>> find_gptq(Finder finder, GptqVersion version) {
  TENON_TRY(finder.find("qweight", "scales", true));
  TENON_TRY(finder.check_order("g_idx"));
  uint32_t offset = version == GptqVersion::kLessOne ? 1 : 0;
  finder.set_zero_offset(offset);
  TENON_TRY(finder.find_zeros("qzeros", (finder.bits() == 4 ? 8u : 128u) - offset));
  return std::optional(finder.finish());
}

}  // namespace

Result<std::optional<GroupedTensors>> find_grouped_tensors(const Checkpoint& checkpoint,
                                                           const std::string& name, int64_t rows,
                                                           int64_t columns, GptqVersion version) {
  if (checkpoint.find(name + "_packed")) return find_pack_quantized(Finder(checkpoint, name, rows, columns));
  constexpr std::string_view kEnd = "weight";
  if (!name.ends_with(kEnd)) return std::optional<GroupedTensors>();
  std::string stem = name.substr(0, name.size() - kEnd.size());
  if (checkpoint.find(stem + "qweight")) return find_gptq(Finder(checkpoint, stem, rows, columns), version);
  return std::optional<GroupedTensors>();
}

}  // namespace tenon
