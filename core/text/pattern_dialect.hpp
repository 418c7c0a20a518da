// Tokenizer patterns are written for Oniguruma and run here by PCRE2.
#pragma once
#include <tenon/sdk/result.hpp>

#include <string>
#include <string_view>

namespace tenon {

// The pattern for PCRE2. It takes the constructs that both read alike, or that can be put in other words, and
// refuses the rest (anchors, \w, \h, sets inside sets): a token boundary that moves without a word is worse
// than a refusal.
Result<std::string> to_pcre2(std::string_view pattern);

}  // namespace tenon
