// Tokenizer and chat template out of a GGUF file's metadata (keys tokenizer.*), in the forms that a
// tokenizer.json and a template file have, so that one reader judges both.
#pragma once
#include <tenon/text/template_files.hpp>
#include <tenon/text/tokenizer_file.hpp>
#include <tenon/text/tokenizer_settings.hpp>
#include <tenon/weights/gguf.hpp>

namespace tenon {

// Kinds of tokens, in tokenizer.ggml.token_type. 2 (unknown) counts as a control token, 6 (byte) as a normal
// one.
inline constexpr int32_t kGgufNormalToken = 1, kGgufControlToken = 3, kGgufUserToken = 4, kGgufUnusedToken = 5;

// Normal tokens become the vocabulary, control tokens and user-defined ones are added tokens; unused ones are
// left out. How text is cut and normalised stands there by a name alone, tokenizer.ggml.pre: names other than
// Qwen's are refused.
Result<TokenizerFile> read_gguf_tokenizer(const Gguf& file);

// The name of the same in tokenizer.ggml.pre; NULL if it has none.
const char* find_gguf_pre_tokenizer(const TokenizerSettings& settings);

// Fails if there is no template.
Result<TemplateFiles> read_gguf_template(const Gguf& file);

// The token under tokenizer.ggml.<name>_token_id, with "bos" or "eos" for the name; empty if there is none.
Result<std::string> gguf_special_token(const Gguf& file, const std::string& name);

}  // namespace tenon
