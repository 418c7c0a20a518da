// Text to token ids and back: byte-level BPE as a Hugging Face tokenizer.json or a GGUF file's metadata
// describes it, with the same ids as the `tokenizers` library for every text. A file that asks for anything
// else is refused by the name of the field.
//
// Threads   everything const may be called from any thread at once.
// Lifetime  views that it returns live as long as the tokenizer.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

struct TokenizerFile;

// Whether a text such as "<|im_end|>" becomes the token that stands beside the vocabulary under that name. Text
// that a user typed is encoded with kIgnored: no added token comes out of it, whatever it says.
enum class AddedTokens { kRecognised, kIgnored };

// Whether decoding writes control tokens out.
enum class SpecialTokens { kKeep, kSkip };

class Tokenizer {
 public:
  // Reads a tokenizer.json of at most 256 MiB, or the metadata of a GGUF file (*.gguf).
  static Result<Tokenizer> load(const std::filesystem::path& path);
  // The same for text in memory; `who` names it in errors.
  static Result<Tokenizer> parse(std::string_view json, const std::string& who);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Fails if the text is not valid UTF-8, or if the file's pattern takes too many steps on it. mark: a
  // character that keeps added tokens from being recognised where it is, and is then left out; see
  // input_marks.hpp.
  Result<std::vector<int32_t>> encode(std::string_view text, AddedTokens added = AddedTokens::kRecognised,
                                      std::string_view mark = {}) const;

  // Bytes that are not UTF-8 become U+FFFD; ids without a token are left out.
  std::string decode(std::span<const int32_t> ids, SpecialTokens special = SpecialTokens::kKeep) const;

  // The bytes that one token stands for, often not whole characters; empty for an id without a token.
  std::string_view bytes_of(int32_t id) const;

  // By the token's text as the file writes it: "<|im_end|>", "Ġhello".
  std::optional<int32_t> find_id(std::string_view token) const;
  // The same; fails if there is no such token.
  Result<int32_t> get_id(std::string_view token) const;

  // Of a token that stands beside the vocabulary, control token or not; nothing for an ordinary one.
  std::optional<int32_t> find_added_id(std::string_view token) const;

  // The largest id plus one. A model may have more rows than that; they have no token.
  int64_t vocabulary_size() const;

  // True for control tokens, those that SpecialTokens::kSkip leaves out.
  bool is_special(int32_t id) const;
  // The texts of all control tokens.
  std::vector<std::string> control_texts() const;

 private:
  struct Parts;
  class Encoding;
  static Result<Tokenizer> build(TokenizerFile file, const std::string& who);
  explicit Tokenizer(std::unique_ptr<const Parts> parts);

  std::unique_ptr<const Parts> parts_;
};

}  // namespace tenon
