#include <apps/server/api/fields.hpp>

#include <tenon/base/text.hpp>

namespace tenon::api {

uint8_t type_of(const Json& value) {
  if (value.is_boolean()) return kBoolean;
  if (value.is_number_integer()) return kInteger;
  if (value.is_number()) return kNumber;
  if (value.is_string()) return kText;
  if (value.is_array()) return kList;
  return value.is_object() ? kObject : 0;
}

std::string words_of(uint8_t types) {
  std::vector<std::string> words;
  if (types & kBoolean) words.push_back("true or false");
  if (types & kNumber) {
    words.push_back("a number");
  } else if (types & kInteger) {
    words.push_back("an integer");
  }
  if (types & kText) words.push_back("text");
  if (types & kList) words.push_back("a list");
  if (types & kObject) words.push_back("an object");
  std::string joined;
  for (size_t i = 0; i < words.size(); ++i)
    joined += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return joined;
}

}  // namespace tenon::api
