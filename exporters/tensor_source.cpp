#include <exporters/tensor_source.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/hash.hpp>
#include <tenon/weights/convert.hpp>
#include <tenon/weights/weight.hpp>

#include <cstring>

namespace tenon {
namespace {

constexpr const char* kScaleSuffix = "_scale_inv";

int64_t tiles_of(int64_t size) { return (size + kScaleTile - 1) / kScaleTile; }

template <class Bits>
Bits bits_at(const std::byte* data, int64_t index) {
  Bits bits;
  std::memcpy(&bits, data + index * static_cast<int64_t>(sizeof bits), sizeof bits);
  return bits;
}

// The next number of a sequence that any 64-bit state may begin (splitmix64, Steele et al., OOPSLA 2014).
uint64_t mixed(uint64_t state) {
  state += 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

uint64_t hash_of(std::string_view text, uint64_t seed) {
  for (unsigned char c : text) seed = mixed(seed ^ c);
  return seed;
}

}  // namespace

Result<CheckpointSource> CheckpointSource::open(const std::filesystem::path& path) {
  TENON_TRY(Checkpoint checkpoint, Checkpoint::open(path));
  CheckpointSource source(std::move(checkpoint));
  for (const std::string& name : source.checkpoint_.names()) {
    const StoredTensor& tensor = *source.checkpoint_.find(name);
    std::string who = path.string() + ": tensor " + name;
    if (!is_float(tensor.dtype))
      return invalid(who + ": is " + name_of(tensor.dtype) + ", expected f32, f16, bf16 or f8_e4m3");
    if (tensor.dtype != DType::kF8E4M3) continue;
    const StoredTensor* scales = source.checkpoint_.find(name + kScaleSuffix);
    bool fits = tensor.shape.size() == 2 && scales && is_float(scales->dtype) &&
                scales->shape == std::vector{tiles_of(tensor.shape[0]), tiles_of(tensor.shape[1])};
    if (!fits) return invalid(who + ": has no scales beside it, expected one per 128 x 128 elements");
    source.scales_[name] = floats_of(*scales);
  }
  return source;
}

std::vector<std::string> CheckpointSource::names() const {
  std::vector<std::string> names = checkpoint_.names();
  std::erase_if(names, [](const std::string& name) { return name.ends_with(kScaleSuffix); });
  return names;
}

const std::vector<int64_t>* CheckpointSource::find_shape(const std::string& name) const {
  const StoredTensor* tensor = checkpoint_.find(name);
  return tensor ? &tensor->shape : nullptr;
}

void CheckpointSource::read_row(const std::string& name, int64_t row, float* to) const {
  const StoredTensor& tensor = *checkpoint_.find(name);
  int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  const std::byte* data = tensor.data + bytes_of(tensor.dtype, static_cast<uint64_t>(row * columns));
  switch (tensor.dtype) {
    case DType::kF32: std::memcpy(to, data, static_cast<size_t>(columns) * sizeof(float)); return;
    case DType::kF16:
      for (int64_t i = 0; i < columns; ++i) to[i] = float_of_f16(bits_at<uint16_t>(data, i));
      return;
    case DType::kBF16:
      for (int64_t i = 0; i < columns; ++i) to[i] = float_of_bf16(bits_at<uint16_t>(data, i));
      return;
    default: break;
  }
  const float* scales = scales_.at(name).data() + row / kScaleTile * tiles_of(columns);
  for (int64_t i = 0; i < columns; ++i)
    to[i] = float_of_f8_e4m3(bits_at<uint8_t>(data, i)) * scales[i / kScaleTile];
}

void CheckpointSource::release(const std::string& name, int64_t first, int64_t rows) const {
  const StoredTensor& tensor = *checkpoint_.find(name);
  int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  uint64_t begin = bytes_of(tensor.dtype, static_cast<uint64_t>(first * columns));
  give_back({tensor.data + begin, bytes_of(tensor.dtype, static_cast<uint64_t>(rows * columns))});
}

uint64_t CheckpointSource::identity() const {
  Hash64 hash;
  for (const std::filesystem::path& file : checkpoint_.files()) {
    std::error_code ignored;
    auto time = std::filesystem::last_write_time(file, ignored).time_since_epoch().count();
    auto size = std::filesystem::file_size(file, ignored);
    hash.add(file.string() + " " + std::to_string(size) + " " + std::to_string(time) + "\n");
  }
  return hash.value();
}

DType CheckpointSource::type_of(const std::string& name) const {
  DType type = checkpoint_.find(name)->dtype;
  return type == DType::kF8E4M3 ? DType::kF32 : type;
}

void RandomSource::add(const std::string& name, std::vector<int64_t> shape, RandomSpread spread,
                       int64_t period) {
  entries_[name] = {std::move(shape), spread, period, hash_of(name, seed_)};
}

const std::vector<int64_t>* RandomSource::find_shape(const std::string& name) const {
  auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.shape;
}

int64_t RandomSource::period(const std::string& name) const { return entries_.at(name).period; }

void RandomSource::read_row(const std::string& name, int64_t row, float* to) const {
  const Entry& entry = entries_.at(name);
  int64_t columns = entry.shape.back(), words = (columns + 3) / 4;
  if (entry.period > 0) row %= entry.period;
  float middle = static_cast<float>(entry.spread.middle);
  float step = static_cast<float>(entry.spread.spread / 32768);
  uint64_t bits = 0;  // random ones, enough for four elements
  for (int64_t i = 0; i < columns; ++i) {
    if (i % 4 == 0) bits = mixed(entry.seed + static_cast<uint64_t>(row * words + i / 4));
    float value = middle + step * static_cast<float>(static_cast<int16_t>(bits >> (i % 4 * 16)));
    to[i] = float_of_bf16(bf16_of_float(value));
  }
}

}  // namespace tenon
