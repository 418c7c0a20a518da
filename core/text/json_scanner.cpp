#include <tenon/text/json_scanner.hpp>
#include <tenon/text/tag_matcher.hpp>

namespace tenon {
namespace {

constexpr uint8_t kAfterBackslash = 5;  // above the digits of \uXXXX

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool is_hexadecimal(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

// The parts of a number, each named by what it has just read.
enum Number : uint8_t {
  kMinus,
  kZero,
  kWhole,
  kPoint,
  kFraction,
  kExponent,
  kExponentSign,
  kExponentDigits,
  kNone
};

bool may_end(Number part) {
  return part == kZero || part == kWhole || part == kFraction || part == kExponentDigits;
}

Number after_digit(Number part, char byte) {
  switch (part) {
    case kMinus: return byte == '0' ? kZero : kWhole;
    case kWhole: return kWhole;
    case kPoint:
    case kFraction: return kFraction;
    case kExponent:
    case kExponentSign:
    case kExponentDigits: return kExponentDigits;
    default: return kNone;
  }
}

Number after_byte(Number part, char byte) {
  if (is_digit(byte)) return after_digit(part, byte);
  bool is_integer = part == kZero || part == kWhole;
  if (byte == '.' && is_integer) return kPoint;
  if ((byte == 'e' || byte == 'E') && (is_integer || part == kFraction)) return kExponent;
  if ((byte == '+' || byte == '-') && part == kExponent) return kExponentSign;
  return kNone;
}

}  // namespace

JsonScanner::Place JsonScanner::push(char byte) {
  bool is_inside = place_ == Place::kString || place_ == Place::kNumber || place_ == Place::kLiteral;
  if (!is_inside && is_json_space(byte)) return place_;
  switch (place_) {
    case Place::kFirstElement: place_ = byte == ']' ? close(false) : begin_value(byte); break;
    case Place::kValue: place_ = begin_value(byte); break;
    case Place::kFirstKey:
      place_ = byte == '}' ? close(true) : byte == '"' ? begin_string(true) : Place::kError;
      break;
    case Place::kKey: place_ = byte == '"' ? begin_string(true) : Place::kError; break;
    case Place::kColon: place_ = byte == ':' ? Place::kValue : Place::kError; break;
    case Place::kAfterValue: place_ = after_value(byte); break;
    case Place::kString: place_ = in_string(byte); break;
    case Place::kNumber: place_ = in_number(byte); break;
    case Place::kLiteral: place_ = in_literal(byte); break;
    case Place::kEnd:
    case Place::kError: place_ = Place::kError; break;
  }
  return place_;
}

JsonScanner::Place JsonScanner::begin_value(char byte) {
  if (byte == '"') return begin_string(false);
  if (byte == '{' || byte == '[') return open(byte == '{');
  if (byte == '-' || is_digit(byte)) {
    number_ = byte == '-' ? kMinus : after_digit(kMinus, byte);
    return Place::kNumber;
  }
  for (std::string_view word : {"true", "false", "null"}) {
    if (byte != word.front()) continue;
    literal_ = word.substr(1);
    return Place::kLiteral;
  }
  return Place::kError;
}

JsonScanner::Place JsonScanner::begin_string(bool is_key) {
  is_key_ = is_key;
  escape_ = 0;
  return Place::kString;
}

JsonScanner::Place JsonScanner::open(bool is_object) {
  if (depth_ == kDepthMax) return Place::kError;
  uint64_t bit = uint64_t{1} << depth_++;
  objects_ = is_object ? objects_ | bit : objects_ & ~bit;
  return is_object ? Place::kFirstKey : Place::kFirstElement;
}

JsonScanner::Place JsonScanner::close(bool is_object) {
  if (is_in_object() != is_object) return Place::kError;
  --depth_;
  return value_ended();
}

JsonScanner::Place JsonScanner::after_value(char byte) {
  if (byte == ',') return is_in_object() ? Place::kKey : Place::kValue;
  if (byte == '}' || byte == ']') return close(byte == '}');
  return Place::kError;
}

JsonScanner::Place JsonScanner::in_string(char byte) {
  if (escape_ == kAfterBackslash) {
    escape_ = byte == 'u' ? 4 : 0;
    bool is_known = std::string_view("\"\\/bfnrtu").find(byte) != std::string_view::npos;
    return is_known ? Place::kString : Place::kError;
  }
  if (escape_ > 0) {
    --escape_;
    return is_hexadecimal(byte) ? Place::kString : Place::kError;
  }
  if (static_cast<unsigned char>(byte) < 0x20) return Place::kError;
  if (byte == '\\') escape_ = kAfterBackslash;
  if (byte != '"') return Place::kString;
  return is_key_ ? Place::kColon : value_ended();
}

JsonScanner::Place JsonScanner::in_number(char byte) {
  Number next = after_byte(static_cast<Number>(number_), byte);
  if (next != kNone) {
    number_ = next;
    return Place::kNumber;
  }
  if (!may_end(static_cast<Number>(number_))) return Place::kError;
  if (is_json_space(byte)) return value_ended();
  return depth_ == 0 ? Place::kError : after_value(byte);
}

JsonScanner::Place JsonScanner::in_literal(char byte) {
  if (byte != literal_.front()) return Place::kError;
  literal_.remove_prefix(1);
  return literal_.empty() ? value_ended() : Place::kLiteral;
}

bool is_json(std::string_view text) {
  JsonScanner scanner;
  for (char byte : text)
    if (scanner.push(byte) == JsonScanner::Place::kError) return false;
  return scanner.push(' ') == JsonScanner::Place::kEnd;
}

}  // namespace tenon
