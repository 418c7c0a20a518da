#include <tenon/weights/tensor_writer.hpp>

#include <tenon/base/check.hpp>
#include <tenon/base/checked.hpp>
#include <tenon/base/json.hpp>

#include <utility>

namespace tenon {
namespace {

constexpr uint64_t kGgufAlignment = 32;  // what readers assume where metadata does not say otherwise
constexpr uint32_t kGgufVersion = 3;

template <class Number>
void append(std::string& to, Number number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_text(std::string& to, std::string_view text) {
  append(to, uint64_t{text.size()});
  to += text;
}

uint64_t size_of(const TensorPlan& tensor) { return bytes_of(tensor.dtype, *checked_elements(tensor.shape)); }

std::string safetensors_header(const std::vector<TensorPlan>& plan) {
  SortedJson header = SortedJson::object();
  uint64_t at = 0;
  for (const TensorPlan& tensor : plan) {
    uint64_t bytes = size_of(tensor);
    header[tensor.name] = {{"dtype", safetensors_name_of(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string json = header.dump(), text;
  json.resize(round_up(json.size(), 8), ' ');  // so that the data begins aligned
  append_text(text, json);
  return text;
}

std::string gguf_header(const GgufPairs& pairs, const std::vector<TensorPlan>& plan) {
  std::string text = "GGUF";
  append(text, kGgufVersion);
  append(text, uint64_t{plan.size()});
  append(text, pairs.count());
  text += pairs.bytes();
  uint64_t at = 0;
  for (const TensorPlan& tensor : plan) {
    append_text(text, tensor.name);
    append(text, static_cast<uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size) append(text, *size);
    append(text, gguf_type_of(tensor.dtype));
    append(text, at);
    at = round_up(at + size_of(tensor), kGgufAlignment);
  }
  text.resize(round_up(text.size(), kGgufAlignment), '\0');
  return text;
}

}  // namespace

void GgufPairs::add_key(std::string_view key, GgufType type) {
  ++count_;
  append_text(bytes_, key);
  append(bytes_, static_cast<uint32_t>(type));
}

void GgufPairs::add(std::string_view key, uint32_t value) {
  add_key(key, GgufType::kU32);
  append(bytes_, value);
}

void GgufPairs::add(std::string_view key, float value) {
  add_key(key, GgufType::kF32);
  append(bytes_, value);
}

void GgufPairs::add(std::string_view key, bool value) {
  add_key(key, GgufType::kBool);
  append(bytes_, static_cast<uint8_t>(value));
}

void GgufPairs::add(std::string_view key, std::string_view value) {
  add_key(key, GgufType::kText);
  append_text(bytes_, value);
}

void GgufPairs::add(std::string_view key, const std::vector<std::string>& values) {
  add_key(key, GgufType::kArray);
  append(bytes_, static_cast<uint32_t>(GgufType::kText));
  append(bytes_, uint64_t{values.size()});
  for (const std::string& value : values) append_text(bytes_, value);
}

void GgufPairs::add(std::string_view key, const std::vector<int32_t>& values) {
  add_key(key, GgufType::kArray);
  append(bytes_, static_cast<uint32_t>(GgufType::kI32));
  append(bytes_, uint64_t{values.size()});
  for (int32_t value : values) append(bytes_, value);
}

TensorWriter::TensorWriter(NewFile file, std::vector<TensorPlan> plan, std::string header, uint64_t alignment)
    : file_(std::move(file)),
      plan_(std::move(plan)),
      header_(std::move(header)),
      alignment_(alignment),
      at_(header_.size()) {
  begin_tensor();
}

Result<TensorWriter> TensorWriter::begin(const std::filesystem::path& path, std::vector<TensorPlan> plan,
                                         std::string header, uint64_t alignment, Kept kept) {
  TENON_TRY(NewFile file, kept == Kept::kYes ? NewFile::create_or_find(path) : NewFile::create(path));
  return TensorWriter(std::move(file), std::move(plan), std::move(header), alignment);
}

Result<TensorWriter> TensorWriter::safetensors(const std::filesystem::path& path, std::vector<TensorPlan> plan,
                                               Kept kept) {
  std::string header = safetensors_header(plan);
  return begin(path, std::move(plan), std::move(header), 1, kept);
}

Result<TensorWriter> TensorWriter::gguf(const std::filesystem::path& path, const GgufPairs& pairs,
                                        std::vector<TensorPlan> plan, Kept kept) {
  std::string header = gguf_header(pairs, plan);
  return begin(path, std::move(plan), std::move(header), kGgufAlignment, kept);
}

uint64_t TensorWriter::header_hash() const {
  Hash64 hash;
  hash.add(header_);
  return hash.value();
}

bool TensorWriter::is_as_written(uint64_t begin, const WrittenPart& part) const {
  constexpr uint64_t kAtATime = 4 << 20;
  std::vector<std::byte> bytes(std::min(kAtATime, part.end - begin));
  Hash64 hash;
  for (uint64_t at = begin; at < part.end; at += bytes.size()) {
    std::span<std::byte> next(bytes.data(), std::min<uint64_t>(bytes.size(), part.end - at));
    if (!file_.read(at, next)) return false;
    hash.add(next);
  }
  return hash.value() == part.hash;
}

Result<size_t> TensorWriter::go_on(std::span<const WrittenPart> parts) {
  TENON_CHECK(!is_begun_, "a file of {} bytes is begun already", at_);
  std::string found(header_.size(), '\0');
  bool is_same = file_.read(0, std::as_writable_bytes(std::span(found))) && found == header_;
  size_t good = 0;
  for (; is_same && good < parts.size(); ++good) {
    if (parts[good].end < at_ || !is_as_written(at_, parts[good])) break;
    // Whole tensors are skipped; a part that ends within one was not written for this plan.
    while (at_ < parts[good].end && left_ > 0) at_ += left_ + padding_, left_ = 0, begin_tensor();
    if (at_ != parts[good].end) return invalid("a part of a file ends within a tensor, expected whole ones");
  }
  if (good == 0) return size_t{0};
  is_begun_ = true;
  TENON_TRY(file_.cut(at_));
  return good;
}

WrittenPart TensorWriter::end_part() {
  WrittenPart part{at_, hash_.value()};
  hash_ = {};
  return part;
}

// The next tensor that has any bytes.
void TensorWriter::begin_tensor() {
  while (left_ == 0 && next_ < plan_.size()) {
    left_ = size_of(plan_[next_++]);
    padding_ = round_up(left_, alignment_) - left_;
  }
}

Status TensorWriter::write_bytes(std::string_view bytes) {
  hash_.add(bytes);
  at_ += bytes.size();
  return file_.write(bytes);
}

Status TensorWriter::write(std::span<const std::byte> bytes) {
  TENON_CHECK(bytes.size() <= left_, "{} bytes for the {} left of a tensor", bytes.size(), left_);
  if (!std::exchange(is_begun_, true)) {
    TENON_TRY(file_.cut(0));
    TENON_TRY(file_.write(header_));
  }
  TENON_TRY(write_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  left_ -= bytes.size();
  if (left_ > 0 || bytes.empty()) return ok();
  TENON_TRY(write_bytes(std::string(padding_, '\0')));
  begin_tensor();
  return ok();
}

Status TensorWriter::finish() {
  TENON_TRY(write({}));  // a plan without bytes has a header all the same
  TENON_CHECK(left_ == 0 && next_ == plan_.size(), "{} bytes of a tensor are not written", left_);
  return file_.commit();
}

}  // namespace tenon
