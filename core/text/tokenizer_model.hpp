// The tables of a tokenizer.json, checked against each other and put in working order.
#pragma once
#include <tenon/text/added_tokens.hpp>
#include <tenon/text/bpe.hpp>
#include <tenon/text/tokenizer_file.hpp>
#include <tenon/text/vocabulary.hpp>

namespace tenon {

struct TokenizerModel {
  Vocabulary vocabulary;  // with the added tokens
  Bpe bpe;                // never yields an added token
};

// Fails if an id or a text is given twice, a byte has no token, or a merge names a token that is missing or
// added.
Result<TokenizerModel> build_tokenizer_model(TokenizerFile file, const std::vector<AddedToken>& added);

}  // namespace tenon
