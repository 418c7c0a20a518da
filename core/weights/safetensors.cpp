#include <tenon/weights/safetensors.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/json.hpp>
#include <tenon/base/text.hpp>
#include <tenon/weights/tensor_writer.hpp>

#include <algorithm>
#include <cstring>

namespace tenon {
namespace {

// Limits of the reference implementation, and of our own where it has none.
constexpr uint64_t kHeaderBytesMax = 100'000'000;
constexpr size_t kTensorsMax = 1'000'000;

struct Entry {
  std::string name;
  StoredTensor tensor;
  uint64_t begin, end;  // bytes after the header
};

Error malformed(const std::string& who, const std::string& fact) { return invalid(who + ": " + fact); }

Result<uint64_t> read_unsigned(const SortedJson& value, const std::string& who, const char* what) {
  if (!value.is_number_unsigned()) return malformed(who, std::string(what) + " must be whole numbers from 0");
  return value.get<uint64_t>();
}

Result<std::vector<int64_t>> read_shape(const SortedJson& value, const std::string& who) {
  if (!value.is_array() || value.size() > kTensorRankMax)
    return malformed(who, "shape must be a list of at most 8 numbers");
  std::vector<int64_t> shape;
  for (const SortedJson& dimension : value) {
    TENON_TRY(uint64_t size, read_unsigned(dimension, who, "shape's entries"));
    if (size > static_cast<uint64_t>(kTensorDimensionMax))
      return malformed(who, "shape has a dimension above 2^40");
    shape.push_back(static_cast<int64_t>(size));
  }
  return shape;
}

// "model.norm.weight": {"dtype": "BF16", "shape": [2048], "data_offsets": [0, 4096]}
Result<Entry> read_entry(const std::string& name, const SortedJson& value, const std::string& file) {
  TENON_TRY(check_tensor_name(name, file));
  std::string who = file + ": tensor " + name;
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets"))
    return malformed(who, "must have exactly dtype, shape and data_offsets");
  const SortedJson& dtype = value["dtype"];
  auto type = dtype.is_string() ? find_safetensors_dtype(dtype.get<std::string>()) : std::nullopt;
  if (!type)
    return malformed(
        who, "dtype is " + printable(dtype.dump()) + ", expected F32, F16, BF16, F8_E4M3, I32, I64 or U8");
  TENON_TRY(std::vector<int64_t> shape, read_shape(value["shape"], who));
  const SortedJson& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) return malformed(who, "data_offsets must be two numbers");
  TENON_TRY(uint64_t begin, read_unsigned(offsets[0], who, "data_offsets"));
  TENON_TRY(uint64_t end, read_unsigned(offsets[1], who, "data_offsets"));
  auto bytes = checked_bytes(*type, shape);
  if (!bytes) return malformed(who, "shape has more elements than 64 bits can count");
  if (end < begin || end - begin != *bytes)
    return malformed(who, "data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) + "] span " +
                              (end < begin ? "less than nothing" : std::to_string(end - begin) + " bytes") +
                              ", but dtype and shape need " + std::to_string(*bytes));
  return Entry{name, {*type, std::move(shape), nullptr, *bytes}, begin, end};
}

Status check_metadata(const SortedJson& metadata, const std::string& who) {
  bool good = metadata.is_object() && std::all_of(metadata.begin(), metadata.end(),
                                                  [](const SortedJson& value) { return value.is_string(); });
  return good ? ok() : malformed(who, "__metadata__ must map strings to strings");
}

// Sorted by place, the tensors must follow each other without overlap or hole, up to the end of the file.
Status check_ranges(std::vector<Entry>& entries, uint64_t data_bytes, const std::string& who) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  uint64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != at)
      return malformed(
          who, "tensor " + entry.name + " begins at byte " + std::to_string(entry.begin) +
                   (entry.begin < at ? ", inside its neighbour; expected " : ", after a hole; expected ") +
                   std::to_string(at));
    at = entry.end;
  }
  if (at > data_bytes)
    return malformed(who, "tensors need " + std::to_string(at) + " bytes, but the file holds " +
                              std::to_string(data_bytes) + " after its header; it is cut short");
  if (at < data_bytes)
    return malformed(who, std::to_string(data_bytes - at) + " bytes follow the last tensor, expected none");
  return ok();
}

}  // namespace

Result<std::unique_ptr<Safetensors>> Safetensors::open(const std::filesystem::path& path) {
  TENON_TRY(MappedFile mapped, MappedFile::open(path));
  std::unique_ptr<Safetensors> file(new Safetensors(std::move(mapped)));
  TENON_TRY(file->read_header());
  return file;
}

Status Safetensors::read_header() {
  std::string who = path().string();
  std::span<const std::byte> bytes = file_.bytes();
  uint64_t length = 0;
  if (bytes.size() < sizeof length)
    return malformed(who,
                     "is " + std::to_string(bytes.size()) + " bytes long, too short for a safetensors file");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kHeaderBytesMax || length > bytes.size() - sizeof length)
    return malformed(who, "header is said to be " + std::to_string(length) + " bytes long, but the file has " +
                              std::to_string(bytes.size()) + " and the limit is 100000000");
  std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof length, length);
  if (text.empty() || text[0] != '{') return malformed(who, "header does not begin with {");
  TENON_TRY(SortedJson header, parse_sorted_json(text, who + ": header"));
  if (header.size() > kTensorsMax) return malformed(who, "has more than 1000000 tensors");

  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      TENON_TRY(check_metadata(value, who));
      continue;
    }
    TENON_TRY(Entry entry, read_entry(name, value, who));
    entries.push_back(std::move(entry));
  }
  uint64_t data_begin = sizeof length + length;
  TENON_TRY(check_ranges(entries, bytes.size() - data_begin, who));
  for (Entry& entry : entries) {
    entry.tensor.data = bytes.data() + data_begin + entry.begin;
    tensors_.emplace(std::move(entry.name), std::move(entry.tensor));
  }
  return ok();
}

Status write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors) {
  std::vector<TensorPlan> plan;
  for (const TensorToWrite& tensor : tensors) plan.push_back({tensor.name, tensor.dtype, tensor.shape});
  TENON_TRY(TensorWriter writer, TensorWriter::safetensors(path, plan));
  for (const TensorToWrite& tensor : tensors)
    TENON_TRY(writer.write(
        {static_cast<const std::byte*>(tensor.data), bytes_of(tensor.dtype, *checked_elements(tensor.shape))}));
  return writer.finish();
}

}  // namespace tenon
