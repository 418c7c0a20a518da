#include <tenon/base/text.hpp>
#include <tenon/text/tokenizer_file.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tenon {
namespace {

constexpr size_t kDepthMax = 64;
constexpr size_t kKeysMax = 64;          // in one object of the settings
constexpr size_t kValuesMax = 1000000;   // in all of the settings
constexpr size_t kEntriesMax = 1 << 22;  // in each table

// Receives the parser's events. Each returns false to stop, with the reason in problem().
class Reader : public nlohmann::json_sax<Json> {
 public:
  TokenizerFile& file() { return file_; }
  const std::string& problem() const { return problem_; }

  bool null() override { return value(nullptr); }
  bool boolean(bool given) override { return value(given); }
  bool number_integer(int64_t given) override {
    return inside_ == Inside::kVocabulary ? id(given) : value(given);
  }
  bool number_unsigned(uint64_t given) override {
    return inside_ == Inside::kVocabulary ? id(static_cast<int64_t>(std::min<uint64_t>(given, INT64_MAX)))
                                          : value(given);
  }
  bool number_float(double given, const std::string&) override { return value(given); }
  bool string(std::string& given) override { return in_merges() ? merge_text(given) : value(std::move(given)); }
  bool binary(Json::binary_t&) override { return fail("holds binary data, expected JSON"); }
  bool key(std::string& given) override;
  bool start_object(size_t) override;
  bool end_object() override;
  bool start_array(size_t) override;
  bool end_array() override;
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail(fmt::format("is not valid JSON at byte {}, expected RFC 8259", position));
  }

 private:
  // An object or array of the settings that is not closed yet.
  struct Open {
    Json* container;
    std::string key;  // under which its parent holds it
  };

  enum class Inside { kSettings, kVocabulary, kMerges, kPair };

  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool in_merges() const { return inside_ == Inside::kMerges || inside_ == Inside::kPair; }
  bool at_model(const char* key) const { return open_.size() == 2 && open_[1].key == "model" && key_ == key; }
  bool value(Json given);
  bool id(int64_t given);
  bool merge_text(std::string& given);
  bool add_merge(std::string left, std::string right);
  bool open(Json container);
  Json* place(Json given);

  TokenizerFile file_;
  std::string problem_;
  std::vector<Open> open_;
  std::string key_;  // the last one read
  size_t values_ = 0;
  Inside inside_ = Inside::kSettings;
  std::vector<std::string> pair_;
};

bool Reader::key(std::string& given) {
  key_ = std::move(given);
  if (inside_ == Inside::kVocabulary) return true;
  const Json& object = *open_.back().container;
  if (object.contains(key_)) return fail(fmt::format("gives the key \"{}\" twice", printable(key_)));
  if (object.size() < kKeysMax) return true;
  return fail(fmt::format("has an object with more than {} keys", kKeysMax));
}

// Puts a value where the parser stands; nothing if there are too many.
Json* Reader::place(Json given) {
  if (++values_ > kValuesMax) return nullptr;
  if (open_.empty()) return &(file_.settings = std::move(given));
  Json& parent = *open_.back().container;
  if (parent.is_object()) return &(parent[key_] = std::move(given));
  parent.push_back(std::move(given));
  return &parent.back();
}

bool Reader::value(Json given) {
  const char* type = given.type_name();
  if (inside_ == Inside::kVocabulary)
    return fail(
        fmt::format("model.vocab: id of \"{}\" is of type {}, expected an integer", printable(key_), type));
  if (in_merges())
    return fail(fmt::format("model.merges: entry {} holds a value of type {}, expected text",
                            file_.merges.size(), type));
  if (place(std::move(given)) != nullptr) return true;
  return fail(fmt::format("holds more than {} values", kValuesMax));
}

bool Reader::id(int64_t given) {
  if (file_.vocabulary.size() == kEntriesMax)
    return fail(fmt::format("model.vocab: has more than {} tokens", kEntriesMax));
  file_.vocabulary.emplace_back(std::move(key_), given);
  return true;
}

bool Reader::add_merge(std::string left, std::string right) {
  if (file_.merges.size() == kEntriesMax)
    return fail(fmt::format("model.merges: has more than {} entries", kEntriesMax));
  file_.merges.emplace_back(std::move(left), std::move(right));
  return true;
}

bool Reader::merge_text(std::string& given) {
  if (inside_ == Inside::kPair) {
    if (pair_.size() < 3) pair_.push_back(std::move(given));
    return true;
  }
  if (auto pair = split_merge(given)) return add_merge(std::move(pair->first), std::move(pair->second));
  return fail(fmt::format("model.merges: entry {} is \"{}\", expected two tokens with one space between them",
                          file_.merges.size(), printable(given)));
}

bool Reader::open(Json container) {
  if (open_.size() == kDepthMax) return fail(fmt::format("is nested more than {} deep", kDepthMax));
  Json* placed = place(std::move(container));
  if (placed == nullptr) return fail(fmt::format("holds more than {} values", kValuesMax));
  open_.push_back({placed, key_});
  return true;
}

bool Reader::start_object(size_t) {
  if (inside_ != Inside::kSettings) return value(Json::object());
  if (!at_model("vocab")) return open(Json::object());
  if (!file_.vocabulary.empty()) return fail("gives the key \"vocab\" twice");
  inside_ = Inside::kVocabulary;
  return true;
}

bool Reader::end_object() {
  if (inside_ == Inside::kSettings) open_.pop_back();
  inside_ = Inside::kSettings;
  return true;
}

bool Reader::start_array(size_t) {
  if (inside_ == Inside::kMerges) {
    inside_ = Inside::kPair;
    pair_.clear();
    return true;
  }
  if (inside_ != Inside::kSettings) return value(Json::array());
  if (!at_model("merges")) return open(Json::array());
  if (!file_.merges.empty()) return fail("gives the key \"merges\" twice");
  inside_ = Inside::kMerges;
  return true;
}

bool Reader::end_array() {
  if (inside_ == Inside::kPair) {
    inside_ = Inside::kMerges;
    if (pair_.size() == 2) return add_merge(std::move(pair_[0]), std::move(pair_[1]));
    return fail(fmt::format("model.merges: entry {} is not a pair, expected 2 tokens", file_.merges.size()));
  }
  if (inside_ == Inside::kSettings) open_.pop_back();
  inside_ = Inside::kSettings;
  return true;
}

}  // namespace

std::optional<std::pair<std::string, std::string>> split_merge(std::string_view merge) {
  size_t space = merge.find(' ');
  if (space == std::string_view::npos || merge.find(' ', space + 1) != std::string_view::npos)
    return std::nullopt;
  return std::pair(std::string(merge.substr(0, space)), std::string(merge.substr(space + 1)));
}

Result<TokenizerFile> parse_tokenizer_file(std::string_view text, const std::string& who) {
  Reader reader;
  if (Json::sax_parse(text.begin(), text.end(), &reader)) return std::move(reader.file());
  return invalid(who + ": " + reader.problem());
}

}  // namespace tenon
