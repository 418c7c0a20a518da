#include <tenon/weights/weight_store.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/text.hpp>
#include <tenon/weights/convert.hpp>

#include <fnmatch.h>

#include <algorithm>

namespace tenon {
namespace {

constexpr size_t kNamesShown = 20;

// [4096, 1, 4] and [4096, 4] are the same shape here.
std::vector<int64_t> without_ones(const std::vector<int64_t>& shape) {
  std::vector<int64_t> kept;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(kept), [](int64_t d) { return d != 1; });
  return kept;
}

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

bool matches_any(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  });
}

std::string with_expert(std::string pattern, uint32_t expert) {
  static const std::string kMark = "{expert}";
  if (size_t at = pattern.find(kMark); at != std::string::npos)
    pattern.replace(at, kMark.size(), std::to_string(expert));
  return pattern;
}

// "2 tensors are missing (a, b)"
void append_list(std::string& text, const std::vector<std::string>& names, const std::string& fact) {
  if (names.empty()) return;
  if (!text.empty()) text += "; ";
  text += std::to_string(names.size()) + (names.size() == 1 ? " tensor is " : " tensors are ") + fact + " (";
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kNamesShown) text += " and " + std::to_string(names.size() - kNamesShown) + " more";
  text += ")";
}

uint64_t tiles_of(int64_t rows, int64_t columns) {
  return round_up(rows, kScaleTile) / kScaleTile * (round_up(columns, kScaleTile) / kScaleTile);
}

// Of one member, about: as they are usually stored.
double scale_bytes_of(const tenon_weight& weight) {
  if (weight.dtype == DType::kF8E4M3) return 4.0 * static_cast<double>(tiles_of(weight.rows, weight.columns));
  if (!has_scale_tensors(weight.dtype)) return 0;
  return 2.0 * static_cast<double>(weight.rows * weight.columns / block_of(weight.dtype).elements);
}

}  // namespace

WeightStore::WeightStore(std::optional<Checkpoint> checkpoint, StorageOptions options)
    : checkpoint_(std::move(checkpoint)), options_(std::move(options)) {}

const tenon_weight* WeightStore::get(const TensorRequest& request) {
  uint32_t members = std::max(request.group, 1u);
  bool is_stacked = request.group > 0 && request.tensor.find("{expert}") == std::string::npos;
  std::string first = is_stacked ? request.tensor : with_expert(request.tensor, 0);
  tenon_weight& weight = weights_.emplace_back();
  weight.name = request.tensor;
  weight.rows = request.shape[0], weight.columns = request.shape[1];
  if (first.empty()) return &weight;
  weight.dtype = checkpoint_ ? options_.dtype : assumed_dtype(first, weight.columns);
  if (const StoredTensor* stored = checkpoint_ ? checkpoint_->find(first) : nullptr)
    weight.dtype = stored->dtype;
  if (uint32_t block = block_of(weight.dtype).elements; weight.columns % block != 0) {
    used_.insert(first);
    misshapen_.push_back(first + " is " + name_of(weight.dtype) + ", expected rows of " +
                         std::to_string(weight.columns) + " elements, which are not whole blocks of " +
                         std::to_string(block) + ", for " + request.who);
  } else if (is_stacked) {
    add_stack(weight, request);
  } else {
    for (uint32_t e = 0; e < members; ++e) add_member(weight, with_expert(request.tensor, e), request);
  }
  return &weight;
}

void WeightStore::add_member(tenon_weight& weight, const std::string& name, const TensorRequest& request) {
  if (checkpoint_ && !checkpoint_->find(name) && add_grouped(weight, name, request)) return;
  uint64_t elements = static_cast<uint64_t>(weight.rows * weight.columns);
  const float* scales = weight.dtype == DType::kF8E4M3 ? take_scales(name, weight, request) : nullptr;
  count(name, request, elements,
        static_cast<double>(bytes_of(weight.dtype, elements)) + scale_bytes_of(weight));
  if (!checkpoint_) return;
  const StoredTensor* stored = take(name, request.shape, request);
  if (!stored) return;
  if (stored->dtype != weight.dtype || !is_matrix_type(stored->dtype)) {
    std::string expected = is_matrix_type(weight.dtype)
                               ? name_of(weight.dtype) + std::string(" as the others of its group")
                               : "a float type or one in blocks";
    misshapen_.push_back(name + " is " + name_of(stored->dtype) + ", expected " + expected);
    return;
  }
  weight.members.push_back({stored->data, scales});
}

// Codes with scales in tensors of their own; false if there are none.
bool WeightStore::add_grouped(tenon_weight& weight, const std::string& name, const TensorRequest& request) {
  auto found = find_grouped_tensors(*checkpoint_, name, weight.rows, weight.columns, options_.gptq_version);
  if (!found.ok()) {
    used_.insert(name);
    problems_.push_back(found.error().text);
    return true;
  }
  if (!found.value()) return false;
  GroupedTensors& grouped = *found.value();
  used_.insert(grouped.names.begin(), grouped.names.end());
  count(name, request, static_cast<uint64_t>(weight.rows * weight.columns), static_cast<double>(grouped.bytes));
  if (weight.members.empty()) weight.dtype = grouped.dtype, weight.groups = grouped.layout;
  if (weight.dtype != grouped.dtype || weight.groups != grouped.layout)
    misshapen_.push_back(name + " is " + name_of(grouped.dtype) + " in groups of " +
                         std::to_string(grouped.layout.group) +
                         ", expected the same as the others of its group");
  else
    weight.members.push_back(grouped.member);
  return true;
}

// One tensor [E, out, in] that holds the whole group.
void WeightStore::add_stack(tenon_weight& weight, const TensorRequest& request) {
  uint64_t elements = static_cast<uint64_t>(weight.rows * weight.columns);
  count(request.tensor, request, elements * request.group,
        static_cast<double>(bytes_of(weight.dtype, elements * request.group)));
  if (!checkpoint_) return;
  if (weight.dtype == DType::kF8E4M3 || !is_matrix_type(weight.dtype)) {
    used_.insert(request.tensor);
    misshapen_.push_back(request.tensor + " is " + name_of(weight.dtype) +
                         ", expected f32, f16, bf16 or a type in blocks for a stack");
    return;
  }
  const StoredTensor* stored = take(request.tensor, {request.group, weight.rows, weight.columns}, request);
  for (uint32_t e = 0; stored && e < request.group; ++e)
    weight.members.push_back({stored->data + e * bytes_of(weight.dtype, elements), nullptr});
}

const float* WeightStore::get_values(const TensorRequest& request) {
  uint64_t elements = *checked_elements(request.shape);
  const StoredTensor* stored = checkpoint_ ? checkpoint_->find(request.tensor) : nullptr;
  if (request.tensor.empty()) return values_.emplace_back(elements).data();
  bool is_float_type = stored && is_float(stored->dtype) && stored->dtype != DType::kF8E4M3;
  DType dtype = is_float_type ? stored->dtype : options_.dtype;
  count(request.tensor, request, elements, static_cast<double>(bytes_of(dtype, elements)));
  if (checkpoint_) stored = take(request.tensor, request.shape, request);
  bool is_readable = stored && is_float_type;
  if (stored && !is_readable)
    misshapen_.push_back(request.tensor + " is " + name_of(stored->dtype) + ", expected f32, f16 or bf16");
  values_.push_back(is_readable ? floats_of(*stored) : std::vector<float>(elements));
  return values_.back().data();
}

// Finds a tensor and checks its shape; a problem is noted.
const StoredTensor* WeightStore::take(const std::string& name, const std::vector<int64_t>& shape,
                                      const TensorRequest& request) {
  used_.insert(name);
  const StoredTensor* stored = checkpoint_->find(name);
  if (!stored) {
    missing_.push_back(name + " for " + request.who);
    return nullptr;
  }
  if (without_ones(stored->shape) != without_ones(shape)) {
    misshapen_.push_back(name + " is " + text_of(stored->shape) + ", expected " + text_of(shape) + " for " +
                         request.who);
    return nullptr;
  }
  return stored;
}

const float* WeightStore::take_scales(const std::string& name, const tenon_weight& weight,
                                      const TensorRequest& request) {
  if (!checkpoint_) return nullptr;
  std::vector<int64_t> shape = {static_cast<int64_t>(round_up(weight.rows, kScaleTile)) / kScaleTile,
                                static_cast<int64_t>(round_up(weight.columns, kScaleTile)) / kScaleTile};
  const StoredTensor* stored = take(name + options_.scale_suffix, shape, request);
  bool is_readable = stored && (stored->dtype == DType::kF32 || stored->dtype == DType::kBF16);
  if (stored && !is_readable)
    misshapen_.push_back(name + options_.scale_suffix + " is " + name_of(stored->dtype) +
                         ", expected f32 or bf16");
  if (!is_readable) return nullptr;
  values_.push_back(floats_of(*stored));
  return values_.back().data();
}

std::optional<FilePlace> WeightStore::find_place(const std::byte* data) const {
  return checkpoint_ ? checkpoint_->find_place(data) : std::nullopt;
}

void WeightStore::count(const std::string& name, const TensorRequest& request, uint64_t elements,
                        double bytes) {
  if (!counted_.insert(name).second) return;  // shared, as a tied embedding and head are
  totals_.parameters += elements;
  totals_.active_parameters += static_cast<double>(elements) * request.active;
  totals_.bytes += static_cast<uint64_t>(bytes);
  totals_.active_bytes += bytes * request.active;
}

// Of a matrix. What is not whole blocks of a type stays as it was when the others became that type.
DType WeightStore::assumed_dtype(const std::string& name, int64_t columns) const {
  if (!options_.matrices || matches_any(name, options_.except)) return options_.dtype;
  return columns % block_of(*options_.matrices).elements == 0 ? *options_.matrices : options_.dtype;
}

std::vector<std::string> WeightStore::unused() const {
  std::vector<std::string> unused;
  if (!checkpoint_) return unused;
  for (std::string& name : checkpoint_->names())
    if (!used_.contains(name) && !matches_any(name, options_.ignore)) unused.push_back(std::move(name));
  return unused;
}

Status WeightStore::finish() {
  std::string text;
  append_list(text, missing_, "missing");
  append_list(text, misshapen_, "of another kind");
  append_list(text, unused(), "not asked for by any plugin; list them under weights.ignore if that is meant");
  for (const std::string& problem : problems_) text += (text.empty() ? "" : "; ") + problem;
  if (text.empty()) return ok();
  return invalid("weights: " + (checkpoint_ ? checkpoint_->path().string() + ": " : "") + text);
}

}  // namespace tenon
