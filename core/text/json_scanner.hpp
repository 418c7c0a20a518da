// Checks JSON that comes byte by byte, and knows at each byte where it stands. Strict (RFC 8259), in constant
// memory, without recursion. It does not look for invalid UTF-8 or for keys that come twice. One thread at a
// time.
#pragma once
#include <cstdint>
#include <string_view>

namespace tenon {

class JsonScanner {
 public:
  static constexpr int kDepthMax = 64;  // nested arrays and objects

  // What may come next.
  enum class Place : uint8_t {
    kValue,         // a value
    kFirstElement,  // a value or ]
    kFirstKey,      // a key or }
    kKey,           // a key
    kColon,
    kAfterValue,  // a comma or the end of the array or object
    kString,      // more of a string, or its end
    kNumber,      // more of a number, or what may follow it
    kLiteral,     // more of true, false or null
    kEnd,         // white space
    kError,       // nothing: this is not JSON
  };

  // Takes the next byte and returns the new place. A number that stands alone ends with the white space after
  // it.
  Place push(char byte);

  Place place() const { return place_; }
  // How many arrays and objects are open.
  int depth() const { return depth_; }
  // Whether the string that is being read is a key. REQUIRES: place() == kString
  bool is_in_key() const { return is_key_; }

 private:
  Place begin_value(char byte);
  Place begin_string(bool is_key);
  Place open(bool is_object);
  Place close(bool is_object);
  Place after_value(char byte);
  Place value_ended() const { return depth_ == 0 ? Place::kEnd : Place::kAfterValue; }
  Place in_string(char byte);
  Place in_number(char byte);
  Place in_literal(char byte);
  bool is_in_object() const { return depth_ > 0 && (objects_ >> (depth_ - 1) & 1) != 0; }

  Place place_ = Place::kValue;
  int depth_ = 0;
  uint64_t objects_ = 0;  // bit d: whether the one open at depth d + 1 is an object
  bool is_key_ = false;
  uint8_t escape_ = 0;          // of a string: kAfterBackslash, or how many hexadecimal digits are to come
  uint8_t number_ = 0;          // of a number: which part of its grammar comes next
  std::string_view literal_{};  // of a literal: the rest
};

// Whether the text is one JSON value, with white space around it at most.
bool is_json(std::string_view text);

}  // namespace tenon
