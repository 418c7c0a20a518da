#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>
#include <tenon/text/byte_level.hpp>
#include <tenon/text/gguf_text.hpp>
#include <tenon/text/pattern.hpp>
#include <tenon/text/tokenizer.hpp>
#include <tenon/text/tokenizer_model.hpp>
#include <tenon/text/tokenizer_settings.hpp>
#include <tenon/text/utf8.hpp>

#include <unordered_set>

namespace tenon {
namespace {

// Whether an added token is looked for in the text as given or in the normalised text.
enum class Stage { kGiven, kNormalized };

std::string normalize(std::string_view text, Normalizer normalizer) {
  return normalizer == Normalizer::kNfc ? normalize_nfc(text) : std::string(text);
}

AddedTokenFinder make_finder(const TokenizerSettings& settings, Stage stage) {
  std::vector<AddedToken> tokens;
  for (AddedToken token : settings.added_tokens) {
    if (token.normalized != (stage == Stage::kNormalized)) continue;
    if (token.normalized) token.content = normalize(token.content, settings.normalizer);
    tokens.push_back(std::move(token));
  }
  return AddedTokenFinder(std::move(tokens));
}

Result<std::optional<Pattern>> compile_pattern(const std::optional<std::string>& pattern) {
  if (!pattern) return std::optional<Pattern>();
  TENON_TRY(Pattern compiled, Pattern::compile(*pattern));
  return std::optional<Pattern>(std::move(compiled));
}

}  // namespace

struct Tokenizer::Parts {
  Parts(const TokenizerSettings& settings, TokenizerModel tables, std::optional<Pattern> cutter)
      : normalizer(settings.normalizer),
        whole_tokens(settings.whole_tokens),
        pattern(std::move(cutter)),
        model(std::move(tables)),
        given(make_finder(settings, Stage::kGiven)),
        normalized(make_finder(settings, Stage::kNormalized)) {
    for (const AddedToken& token : settings.added_tokens) {
      added.insert(token.id);
      if (token.special) special.insert(token.id);
    }
  }

  // The token that is the whole piece, where the file lets such a token go before all merges.
  std::optional<int32_t> find_whole(std::string_view piece) const {
    if (whole_tokens == WholeTokens::kMerged) return std::nullopt;
    auto id = model.vocabulary.find_id(letters_of(piece));
    return id && added.contains(*id) ? std::nullopt : id;
  }

  Normalizer normalizer;
  WholeTokens whole_tokens;
  std::optional<Pattern> pattern;
  TokenizerModel model;
  AddedTokenFinder given;       // finds added tokens in the text as given
  AddedTokenFinder normalized;  // and in the normalised text
  std::unordered_set<int32_t> added, special;
};

// The work of one encode(): text goes down from stage to stage, ids come together at the bottom.
class Tokenizer::Encoding {
 public:
  Encoding(const Parts& parts, std::string_view mark) : parts_(parts), mark_(mark) {}

  Status add(std::string_view text, AddedTokens added) {
    if (added == AddedTokens::kIgnored) return add_plain(normalize(text, parts_.normalizer));
    for (const auto& part : parts_.given.split(text))
      TENON_TRY(part.id ? add_id(*part.id) : add_given(part.text));
    return ok();
  }
  std::vector<int32_t> take_ids() { return std::move(ids_); }

 private:
  Status add_given(std::string_view text) {
    std::string normalized = normalize(text, parts_.normalizer);
    for (const auto& part : parts_.normalized.split(normalized))
      TENON_TRY(part.id ? add_id(*part.id) : add_plain(without_mark(part.text)));
    return ok();
  }
  std::string without_mark(std::string_view text) const {
    if (mark_.empty()) return std::string(text);
    std::string plain;
    for (size_t at = text.find(mark_); at != text.npos; at = text.find(mark_)) {
      plain += text.substr(0, at);
      text.remove_prefix(at + mark_.size());
    }
    return plain += text;
  }
  Status add_plain(std::string_view text) {
    if (!parts_.pattern) return add_piece(text);
    TENON_TRY(auto pieces, parts_.pattern->split(text));
    for (std::string_view piece : pieces) TENON_TRY(add_piece(piece));
    return ok();
  }
  Status add_piece(std::string_view piece) {
    if (auto whole = parts_.find_whole(piece)) return add_id(*whole);
    parts_.model.bpe.encode(piece, workspace_, ids_);
    return ok();
  }
  Status add_id(int32_t id) {
    ids_.push_back(id);
    return ok();
  }

  const Parts& parts_;
  std::string_view mark_;
  Bpe::Workspace workspace_;
  std::vector<int32_t> ids_;
};

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::load(const std::filesystem::path& path) {
  if (is_gguf(path)) {
    TENON_TRY(auto gguf, Gguf::open(path));
    TENON_TRY(TokenizerFile file, read_gguf_tokenizer(*gguf));
    return build(std::move(file), path.string());
  }
  TENON_TRY(std::string json, read_file(path, kTokenizerBytesMax));
  return parse(json, path.string());
}

Result<Tokenizer> Tokenizer::parse(std::string_view json, const std::string& who) {
  TENON_TRY(TokenizerFile file, parse_tokenizer_file(json, who));
  return build(std::move(file), who);
}

Result<Tokenizer> Tokenizer::build(TokenizerFile file, const std::string& who) {
  TENON_TRY(TokenizerSettings settings, check_tokenizer_settings(file.settings, who));
  auto pattern = compile_pattern(settings.pattern);
  if (!pattern.ok()) return prefixed(who + ": pre_tokenizer", pattern.error());
  auto model = build_tokenizer_model(std::move(file), settings.added_tokens);
  if (!model.ok()) return prefixed(who, model.error());
  return Tokenizer(
      std::make_unique<const Parts>(settings, std::move(model).value(), std::move(pattern).value()));
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, AddedTokens added,
                                               std::string_view mark) const {
  if (!is_valid_utf8(text)) return invalid("tokenizer: text is not valid UTF-8, expected UTF-8");
  Encoding encoding(*parts_, mark);
  auto status = encoding.add(text, added);
  if (!status.ok()) return prefixed("tokenizer", status.error());
  return encoding.take_ids();
}

std::string Tokenizer::decode(std::span<const int32_t> ids, SpecialTokens special) const {
  std::string bytes;
  for (int32_t id : ids)
    if (special == SpecialTokens::kKeep || !is_special(id)) bytes += bytes_of(id);
  return replace_invalid_utf8(bytes);
}

std::string_view Tokenizer::bytes_of(int32_t id) const {
  const Token* token = parts_->model.vocabulary.find(id);
  return token == nullptr ? std::string_view() : token->bytes;
}

std::optional<int32_t> Tokenizer::find_id(std::string_view token) const {
  return parts_->model.vocabulary.find_id(token);
}

Result<int32_t> Tokenizer::get_id(std::string_view token) const {
  if (auto id = find_id(token)) return *id;
  return invalid("tokenizer: has no token \"" + printable(token) + "\", expected one");
}

int64_t Tokenizer::vocabulary_size() const { return parts_->model.vocabulary.size(); }

std::optional<int32_t> Tokenizer::find_added_id(std::string_view token) const {
  auto id = find_id(token);
  return id && parts_->added.contains(*id) ? id : std::nullopt;
}

bool Tokenizer::is_special(int32_t id) const { return parts_->special.contains(id); }

std::vector<std::string> Tokenizer::control_texts() const {
  std::vector<std::string> texts;
  for (int32_t id : parts_->special) texts.emplace_back(bytes_of(id));
  return texts;
}

}  // namespace tenon
