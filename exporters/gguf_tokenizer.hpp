// A tokenizer.json and a chat template as metadata of a GGUF file.
#pragma once
#include <importers/qwen3_next.hpp>

#include <tenon/weights/tensor_writer.hpp>

namespace tenon {

// Adds the keys tokenizer.*; of a model without one, that it has none (llama.cpp asks for the key). Ids without
// a token become unused ones.
// Fails if the tokenizer cuts text in a way that GGUF has no name for.
Status add_gguf_tokenizer(const Qwen3NextFacts& facts, GgufPairs& pairs);

}  // namespace tenon
