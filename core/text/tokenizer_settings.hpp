// What a tokenizer.json asks for apart from its tables, checked: this reader takes byte-level BPE as Qwen
// publishes it and refuses everything that would change a single id, by the name of the field.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/added_tokens.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tenon {

enum class Normalizer { kNone, kNfc };
enum class WholeTokens { kMerged, kTakenFirst };  // the file's ignore_merges

struct TokenizerSettings {
  Normalizer normalizer = Normalizer::kNone;
  std::optional<std::string> pattern;  // cuts text into pieces; without one the text is one piece
  WholeTokens whole_tokens = WholeTokens::kMerged;
  std::vector<AddedToken> added_tokens;
};

// settings: as parse_tokenizer_file gives them. `who` names the source in errors.
Result<TokenizerSettings> check_tokenizer_settings(const Json& settings, const std::string& who);

}  // namespace tenon
