#include <tenon/weights/gguf.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>
#include <cstdio>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kVersion = 3;
constexpr uint64_t kTensorsMax = 65'536;  // experts are stacked, so a model has a thousand or so
constexpr uint64_t kTensorBytesMin =
    8 + 1 + 4 + 8 + 4 + 8;  // of a description with one letter and one dimension
constexpr uint32_t kDimensionsMax = 4;
constexpr int64_t kAlignmentMin = 8, kAlignmentMax = 1 << 20, kAlignmentDefault = 32;
constexpr int64_t kSplitsMax = 10'000;

Error cut_short(const std::string& who) { return invalid(who + ": is cut short, expected more bytes"); }

// "GGUF", version, and how much follows.
struct Header {
  uint64_t tensors, pairs;
};

Result<Header> read_header(ByteReader& reader, const std::string& file) {
  auto magic = reader.text(4);
  if (!magic || *magic != "GGUF")
    return invalid(file + ": begins with \"" + printable(magic.value_or("")) + "\", expected GGUF");
  auto version = reader.number<uint32_t>();
  auto tensors = reader.number<uint64_t>(), pairs = reader.number<uint64_t>();
  if (!version || !tensors || !pairs) return cut_short(file + ": header");
  if (*version == kVersion << 24)
    return invalid(file + ": version is 3 with the bytes in reverse, expected a little-endian file");
  if (*version != kVersion) return invalid(file + ": version is " + std::to_string(*version) + ", expected 3");
  if (*tensors > kTensorsMax || *tensors > reader.left() / kTensorBytesMin)
    return invalid(file + ": header says " + std::to_string(*tensors) + " tensors, but " +
                   std::to_string(reader.left()) + " bytes follow and the limit is " +
                   std::to_string(kTensorsMax));
  return Header{*tensors, *pairs};
}

Result<std::vector<int64_t>> read_shape(ByteReader& reader, const std::string& who) {
  auto rank = reader.number<uint32_t>();
  if (!rank) return cut_short(who);
  if (*rank < 1 || *rank > kDimensionsMax)
    return invalid(who + ": has " + std::to_string(*rank) + " dimensions, expected 1 to 4");
  std::vector<int64_t> shape;
  for (uint32_t i = 0; i < *rank; ++i) {
    auto size = reader.number<uint64_t>();
    if (!size) return cut_short(who);
    if (*size < 1 || *size > static_cast<uint64_t>(kTensorDimensionMax))
      return invalid(who + ": dimension " + std::to_string(i) + " is " + std::to_string(*size) +
                     ", expected 1 to 2^40");
    shape.push_back(static_cast<int64_t>(*size));
  }
  std::reverse(shape.begin(), shape.end());
  return shape;
}

Result<DType> read_dtype(ByteReader& reader, const std::string& who) {
  auto number = reader.number<uint32_t>();
  if (!number) return cut_short(who);
  if (auto type = find_gguf_dtype(*number)) return *type;
  return invalid(who + ": type is " + std::to_string(*number) +
                 ", expected that of F32, F16, BF16, I32, I64, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, "
                 "IQ4_NL, IQ4_XS or MXFP4");
}

Result<uint64_t> get_bytes(DType type, const std::vector<int64_t>& shape, const std::string& who) {
  if (auto bytes = checked_bytes(type, shape)) return *bytes;
  BlockSize block = block_of(type);
  if (shape.back() % block.elements != 0)
    return invalid(who + ": has rows of " + std::to_string(shape.back()) +
                   " elements, expected a multiple of " + std::to_string(block.elements) + " for " +
                   name_of(type));
  return invalid(who + ": has more elements than 64 bits can count");
}

// "model-00001-of-00003.gguf" for "model" and 1 of 3.
std::string split_name(const std::string& stem, int64_t number, int64_t count) {
  char ending[32];
  std::snprintf(ending, sizeof ending, "-%05d-of-%05d.gguf", static_cast<int>(number), static_cast<int>(count));
  return stem + ending;
}

}  // namespace

// A tensor's description.
struct Gguf::Entry {
  std::string name;
  StoredTensor tensor;
  uint64_t begin;  // bytes after the header
};

Result<std::unique_ptr<Gguf>> Gguf::open(const fs::path& path) {
  TENON_TRY(MappedFile mapped, MappedFile::open(path));
  std::unique_ptr<Gguf> file(new Gguf(std::move(mapped)));
  TENON_TRY(file->read());
  return file;
}

Status Gguf::read() {
  std::string file = path().string();
  ByteReader reader(file_.bytes());
  TENON_TRY(Header header, read_header(reader, file));
  TENON_TRY(metadata_, GgufMetadata::read(reader, header.pairs, file));
  std::vector<Entry> entries;
  for (uint64_t i = 0; i < header.tensors; ++i) {
    std::string place = file + ": tensor " + std::to_string(i);
    auto length = reader.number<uint64_t>();
    auto name = length ? reader.text(*length) : std::nullopt;
    if (!name) return cut_short(place + ": name");
    TENON_TRY(check_tensor_name(*name, file));
    std::string who = file + ": tensor " + std::string(*name);
    Entry entry{std::string(*name), {}, 0};
    TENON_TRY(entry.tensor.shape, read_shape(reader, who));
    TENON_TRY(entry.tensor.dtype, read_dtype(reader, who));
    TENON_TRY(entry.tensor.bytes, get_bytes(entry.tensor.dtype, entry.tensor.shape, who));
    auto begin = reader.number<uint64_t>();
    if (!begin) return cut_short(who);
    entry.begin = *begin;
    entries.push_back(std::move(entry));
  }
  return place(std::move(entries), reader.at());
}

// Sorted by place, tensors must follow each other at the next multiple of the alignment, inside the file.
Status Gguf::place(std::vector<Entry> entries, uint64_t header_bytes) {
  std::string file = path().string();
  TENON_TRY(int64_t alignment,
            metadata_.get_int("general.alignment", kAlignmentMin, kAlignmentMax, kAlignmentDefault));
  if ((alignment & (alignment - 1)) != 0)
    return metadata_.refuse("general.alignment", "is " + std::to_string(alignment), "a power of two");
  uint64_t step = static_cast<uint64_t>(alignment), data_begin = round_up(header_bytes, step), at = 0;
  uint64_t data_bytes = file_.bytes().size() - std::min<uint64_t>(data_begin, file_.bytes().size());
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  for (Entry& entry : entries) {
    std::string who = file + ": tensor " + entry.name;
    if (entry.begin != at)
      return invalid(who + ": begins at byte " + std::to_string(entry.begin) + " of the data, expected " +
                     std::to_string(at) + ", where its neighbour's " + std::to_string(step) +
                     "-byte units end");
    if (entry.tensor.bytes > data_bytes - std::min(at, data_bytes))
      return invalid(who + ": needs " + std::to_string(entry.tensor.bytes) + " bytes from " +
                     std::to_string(at) + ", but the file has " + std::to_string(data_bytes) +
                     " after its header; it is cut short");
    entry.tensor.data = file_.bytes().data() + data_begin + at;
    at = round_up(at + entry.tensor.bytes, step);
    if (!tensors_.emplace(std::move(entry.name), std::move(entry.tensor)).second)
      return invalid(who + ": is there twice, expected each name once");
  }
  return ok();
}

bool is_gguf(const fs::path& path) { return path.extension() == ".gguf"; }

Result<std::vector<std::unique_ptr<Gguf>>> open_gguf_files(const fs::path& path) {
  std::vector<std::unique_ptr<Gguf>> files(1);
  TENON_TRY(files[0], Gguf::open(path));
  TENON_TRY(int64_t count, files[0]->metadata().get_int("split.count", 0, kSplitsMax, 1));
  TENON_TRY(int64_t number, files[0]->metadata().get_int("split.no", 0, kSplitsMax, 0));
  if (count <= 1) return files;
  std::string name = path.filename().string(), ending = split_name("", 1, count);
  if (number != 0 || !name.ends_with(ending))
    return invalid(path.string() + ": is part " + std::to_string(number + 1) + " of " + std::to_string(count) +
                   ", expected the first, NAME" + ending);
  std::string stem = name.substr(0, name.size() - ending.size());
  for (int64_t i = 1; i < count; ++i) {
    TENON_TRY(auto file, Gguf::open(path.parent_path() / split_name(stem, i + 1, count)));
    TENON_TRY(int64_t own, file->metadata().get_int("split.no", 0, kSplitsMax));
    if (own != i) return file->metadata().refuse("split.no", "is " + std::to_string(own), std::to_string(i));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace tenon
