#include <tenon/weights/gguf_metadata.hpp>

#include <tenon/base/text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tenon {
namespace {

constexpr uint64_t kPairsMax = 65'536;
constexpr uint64_t kPairBytesMin = 8 + 1 + 4 + 1;  // length and one character of a key, type, smallest value
constexpr uint64_t kKeyBytesMax = 512;
constexpr uint64_t kTextBytesMax = 16 << 20;
constexpr uint64_t kArrayMax = 1 << 24;

struct Kind {
  const char* name;
  uint64_t bytes;  // of one; 0: it says itself
};
constexpr Kind kKinds[] = {{"u8", 1},  {"i8", 1},  {"u16", 2},    {"i16", 2},    {"u32", 4},
                           {"i32", 4}, {"f32", 4}, {"a bool", 1}, {"a text", 0}, {"an array", 0},
                           {"u64", 8}, {"i64", 8}, {"f64", 8}};

const Kind& kind_of(GgufType type) { return kKinds[static_cast<uint32_t>(type)]; }

Error cut_short(const std::string& who, uint64_t wanted, uint64_t left) {
  return invalid(who + ": needs " + std::to_string(wanted) + " bytes, but the file has " +
                 std::to_string(left) + " left; it is cut short");
}

template <class Number>
Result<Number> read_number(ByteReader& reader, const std::string& who) {
  auto number = reader.number<Number>();
  if (!number) return cut_short(who, sizeof(Number), reader.left());
  return *number;
}

Result<std::string_view> read_text(ByteReader& reader, uint64_t bytes_max, const std::string& who) {
  TENON_TRY(uint64_t length, read_number<uint64_t>(reader, who));
  if (length > bytes_max)
    return invalid(who + ": is said to have " + std::to_string(length) + " bytes, expected at most " +
                   std::to_string(bytes_max));
  auto text = reader.text(length);
  if (!text) return cut_short(who, length, reader.left());
  return *text;
}

Result<GgufType> read_type(ByteReader& reader, const std::string& who) {
  TENON_TRY(uint32_t type, read_number<uint32_t>(reader, who + ": type"));
  if (type < std::size(kKinds)) return static_cast<GgufType>(type);
  return invalid(who + ": type is " + std::to_string(type) + ", expected 0 to 12");
}

// Goes over the value's elements, so that what is kept can be read without another look at its size.
Status skip_elements(ByteReader& reader, const GgufValue& value, const std::string& who) {
  if (value.type == GgufType::kText) {
    for (uint64_t i = 0; i < value.count; ++i) TENON_TRY(read_text(reader, kTextBytesMax, who));
    return ok();
  }
  uint64_t bytes = value.count * kind_of(value.type).bytes;  // cannot overflow: count is at most 2^24
  auto taken = reader.bytes(bytes);
  if (!taken) return cut_short(who, bytes, reader.left());
  bool is_truth = value.type != GgufType::kBool ||
                  std::all_of(taken->begin(), taken->end(), [](std::byte b) { return b <= std::byte{1}; });
  return is_truth ? ok() : invalid(who + ": holds a bool that is neither 0 nor 1");
}

Result<GgufValue> read_value(ByteReader& reader, const std::string& who) {
  GgufValue value{GgufType::kU8, false, 1, {}};
  TENON_TRY(value.type, read_type(reader, who));
  value.is_array = value.type == GgufType::kArray;
  if (value.is_array) {
    TENON_TRY(value.type, read_type(reader, who + ": elements"));
    if (value.type == GgufType::kArray)
      return invalid(who + ": is an array of arrays, expected plain elements");
    TENON_TRY(value.count, read_number<uint64_t>(reader, who + ": count"));
    if (value.count > kArrayMax)
      return invalid(who + ": is said to have " + std::to_string(value.count) + " elements, expected at most " +
                     std::to_string(kArrayMax));
  }
  ByteReader start = reader;
  TENON_TRY(skip_elements(reader, value, who));
  value.bytes = *start.bytes(reader.at() - start.at());
  return value;
}

Status check_key(std::string_view key, const std::string& who) {
  bool is_plain = std::all_of(key.begin(), key.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!key.empty() && is_plain) return ok();
  return invalid(who + ": key is \"" + printable(key, 60) + "\", expected ASCII letters without spaces");
}

template <class Number>
Number number_at(std::span<const std::byte> bytes, uint64_t index) {
  Number number;
  std::memcpy(&number, bytes.data() + index * sizeof number, sizeof number);
  return number;
}

// Nothing for a value that is not a whole number, or beyond 64 bits with a sign.
std::optional<int64_t> int_at(const GgufValue& value, uint64_t i) {
  switch (value.type) {
    case GgufType::kU8: return number_at<uint8_t>(value.bytes, i);
    case GgufType::kI8: return number_at<int8_t>(value.bytes, i);
    case GgufType::kU16: return number_at<uint16_t>(value.bytes, i);
    case GgufType::kI16: return number_at<int16_t>(value.bytes, i);
    case GgufType::kU32: return number_at<uint32_t>(value.bytes, i);
    case GgufType::kI32: return number_at<int32_t>(value.bytes, i);
    case GgufType::kI64: return number_at<int64_t>(value.bytes, i);
    case GgufType::kU64: {
      auto number = number_at<uint64_t>(value.bytes, i);
      return number <= INT64_MAX ? std::optional(static_cast<int64_t>(number)) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

double shortest_of(float number) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, number).ptr;
  double shortest = number;
  std::from_chars(text, end, shortest);
  return shortest;
}

std::optional<double> number_of(const GgufValue& value) {
  if (value.type == GgufType::kF32) return shortest_of(number_at<float>(value.bytes, 0));
  if (value.type == GgufType::kF64) return number_at<double>(value.bytes, 0);
  auto whole = int_at(value, 0);
  return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
}

std::string range_text(const std::string& what, const std::string& least, const std::string& most) {
  return what + " from " + least + " to " + most;
}

}  // namespace

Result<GgufMetadata> GgufMetadata::read(ByteReader& reader, uint64_t count, const std::string& file) {
  if (count > kPairsMax || count > reader.left() / kPairBytesMin)
    return invalid(file + ": header says " + std::to_string(count) + " metadata entries, but " +
                   std::to_string(reader.left()) + " bytes follow and the limit is " +
                   std::to_string(kPairsMax));
  GgufMetadata metadata;
  metadata.file_ = file;
  for (uint64_t i = 0; i < count; ++i) {
    std::string place = file + ": metadata entry " + std::to_string(i);
    TENON_TRY(std::string_view key, read_text(reader, kKeyBytesMax, place + ": key"));
    TENON_TRY(check_key(key, place));
    std::string who = file + ": " + std::string(key);
    TENON_TRY(GgufValue value, read_value(reader, who));
    if (!metadata.values_.emplace(key, value).second)
      return invalid(who + ": is given twice, expected each key once");
  }
  return metadata;
}

const GgufValue* GgufMetadata::find(std::string_view key) const {
  auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

Error GgufMetadata::refuse(std::string_view key, const std::string& fact,
                           const std::string& expectation) const {
  return invalid(file_ + ": " + std::string(key) + " " + fact + ", expected " + expectation);
}

Error GgufMetadata::refuse_kind(std::string_view key, const GgufValue* value,
                                const std::string& expectation) const {
  if (!value) return refuse(key, "is not given", expectation);
  return refuse(key, std::string("is ") + (value->is_array ? "an array" : kind_of(value->type).name),
                expectation);
}

Result<int64_t> GgufMetadata::get_int(std::string_view key, int64_t least, int64_t most,
                                      std::optional<int64_t> fallback) const {
  const GgufValue* value = find(key);
  if (!value && fallback) return *fallback;
  std::string expectation = range_text("a whole number", std::to_string(least), std::to_string(most));
  auto number = value && !value->is_array ? int_at(*value, 0) : std::nullopt;
  if (!number) return refuse_kind(key, value, expectation);
  if (*number < least || *number > most) return refuse(key, "is " + std::to_string(*number), expectation);
  return *number;
}

Result<double> GgufMetadata::get_number(std::string_view key, double least, double most,
                                        std::optional<double> fallback) const {
  const GgufValue* value = find(key);
  if (!value && fallback) return *fallback;
  std::string expectation = range_text("a number", format_number(least), format_number(most));
  auto number = value && !value->is_array ? number_of(*value) : std::nullopt;
  if (!number) return refuse_kind(key, value, expectation);
  if (!(*number >= least && *number <= most)) return refuse(key, "is " + format_number(*number), expectation);
  return *number;
}

Result<bool> GgufMetadata::get_bool(std::string_view key, std::optional<bool> fallback) const {
  const GgufValue* value = find(key);
  if (!value && fallback) return *fallback;
  if (!value || value->is_array || value->type != GgufType::kBool) return refuse_kind(key, value, "a bool");
  return value->bytes[0] == std::byte{1};
}

Result<std::string_view> GgufMetadata::get_text(std::string_view key,
                                                std::optional<std::string_view> fallback) const {
  const GgufValue* value = find(key);
  if (!value && fallback) return *fallback;
  if (!value || value->is_array || value->type != GgufType::kText) return refuse_kind(key, value, "a text");
  ByteReader reader(value->bytes);
  std::string_view text = *reader.text(*reader.number<uint64_t>());
  if (!is_valid_utf8(text)) return refuse(key, "is not valid UTF-8", "UTF-8");
  return text;
}

Result<std::vector<std::string_view>> GgufMetadata::get_texts(std::string_view key) const {
  const GgufValue* value = find(key);
  if (!value || !value->is_array || value->type != GgufType::kText)
    return refuse_kind(key, value, "an array of texts");
  std::vector<std::string_view> texts;
  texts.reserve(value->count);
  ByteReader reader(value->bytes);
  for (uint64_t i = 0; i < value->count; ++i) {
    texts.push_back(*reader.text(*reader.number<uint64_t>()));
    if (!is_valid_utf8(texts.back()))
      return refuse(key, "holds entry " + std::to_string(i) + ", which is not valid UTF-8", "UTF-8");
  }
  return texts;
}

Result<std::vector<int64_t>> GgufMetadata::get_ints(std::string_view key, int64_t least, int64_t most) const {
  const GgufValue* value = find(key);
  if (!value || !value->is_array) return refuse_kind(key, value, "an array of whole numbers");
  std::vector<int64_t> numbers;
  numbers.reserve(value->count);
  for (uint64_t i = 0; i < value->count; ++i) {
    auto number = int_at(*value, i);
    if (!number || *number < least || *number > most)
      return refuse(key, "holds entry " + std::to_string(i) + ", which is another",
                    range_text("whole numbers", std::to_string(least), std::to_string(most)));
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace tenon
