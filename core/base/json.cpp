#include <tenon/base/json.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <unordered_set>
#include <vector>

namespace tenon {
namespace {

constexpr size_t kOrderedKeysMax = 10'000;

// Reads a text without keeping it, for what the library lets pass: depth, keys given twice in one object, very
// many keys. (Its callbacks while parsing would do, but cost a walk over the parent at every nested object.)
class Check final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Check(size_t depth_max, size_t keys_max) : depth_max_(depth_max), keys_max_(keys_max) {}
  const std::string& problem() const { return problem_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return open(); }
  bool start_array(size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    if (!keys_.back().insert(key).second) return fail("gives the key \"" + printable(key) + "\" twice");
    if (keys_.back().size() > keys_max_)
      return fail("has an object of more than " + std::to_string(keys_max_) + " keys");
    return true;
  }

  bool parse_error(size_t byte, const std::string&, const nlohmann::json::exception& e) override {
    bool is_number = dynamic_cast<const nlohmann::json::out_of_range*>(&e) != nullptr;
    return fail(is_number ? "has a number that is out of range, expected a double"
                          : "is not valid JSON at byte " + std::to_string(byte) + ", expected RFC 8259");
  }

 private:
  bool open() {
    if (keys_.size() >= depth_max_) return fail("is nested more than " + std::to_string(depth_max_) + " deep");
    keys_.emplace_back();
    return true;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  size_t depth_max_, keys_max_;
  std::vector<std::unordered_set<std::string>> keys_;  // of the objects around this place; empty for arrays
  std::string problem_;
};

template <class AnyJson>
Result<AnyJson> parse(std::string_view text, const std::string& who, int depth_max, size_t keys_max) {
  // The library takes a NUL for the end of the text.
  if (size_t nul = text.find('\0'); nul != text.npos)
    return invalid(who + ": is not valid JSON at byte " + std::to_string(nul + 1) + ", expected RFC 8259");
  Check check(static_cast<size_t>(depth_max), keys_max);
  if (!nlohmann::json::sax_parse(text, &check)) return invalid(who + ": " + check.problem());
  return AnyJson::parse(text);
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& who, int depth_max) {
  return parse<Json>(text, who, depth_max, kOrderedKeysMax);
}

Result<SortedJson> parse_sorted_json(std::string_view text, const std::string& who, int depth_max) {
  return parse<SortedJson>(text, who, depth_max, SIZE_MAX);
}

Result<Json> read_json(const std::filesystem::path& path, uint64_t bytes_max) {
  TENON_TRY(std::string text, read_file(path, bytes_max));
  return parse_json(text, path.string());
}

Result<SortedJson> read_sorted_json(const std::filesystem::path& path, uint64_t bytes_max) {
  TENON_TRY(std::string text, read_file(path, bytes_max));
  return parse_sorted_json(text, path.string());
}

}  // namespace tenon
