// What the hash model is: the formulas that its plugins apply to the engine's memory and its oracle to plain
// variables. Every value is a 64-bit hash; a token is what is left of one. README.md says what each is good
// for.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tenon::sim {

inline constexpr int32_t kVocabulary = 64;    // also the model dim: a hidden state is a token, one-hot
inline constexpr int32_t kAnswerTokens = 62;  // the model answers with tokens below this ...
inline constexpr int32_t kEndOfPrompt = 62;   // ... so that this one, the last of each prompt, is told apart
inline constexpr uint32_t kChunkTokens = 64;  // of a prefill
inline constexpr size_t kLayers = 3;          // recurrent, paged, recurrent
inline constexpr uint32_t kGrowth = 16;       // what adds to a hidden state outweighs all before it so much
inline constexpr int32_t kShifts[] = {5, 11, 23};  // of each layer's experts

// The finaliser of splitmix64 over both.
constexpr uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t z = a * 0x9e3779b97f4a7c15u + b + 0x7f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

constexpr uint64_t mix_token(uint64_t hash, int32_t token, uint32_t position) {
  return mix(hash, uint64_t{position} << 32 | static_cast<uint32_t>(token));
}

constexpr int32_t answer_of(uint64_t hash) { return static_cast<int32_t>((hash >> 32) % kAnswerTokens); }

// The recurrent mixer. A prefill goes from chunk to chunk: what is computed together is one piece, which begins
// at a multiple of kChunkTokens and ends at the next one or with the prompt. A piece that begins or ends
// elsewhere comes to another state, and so does decoding the same tokens.
constexpr uint64_t initial_state(uint64_t layer) { return mix(layer, 1); }
constexpr uint64_t begin_piece(uint64_t state) { return mix(state, 2); }
constexpr uint64_t add_to_piece(uint64_t piece, int32_t token, uint32_t position) {
  return mix_token(piece, token, position);
}
constexpr uint64_t end_piece(uint64_t piece) { return mix(piece, 3); }
constexpr uint64_t decode_state(uint64_t state, int32_t token, uint32_t position) {
  return mix_token(mix(state, 4), token, position);
}

// The paged mixer: what a token leaves in its page, and the sum over all of them up to a position.
constexpr uint64_t stored_token(int32_t token, uint32_t position, int32_t phase) {
  return mix_token(static_cast<uint64_t>(phase) + 5, token, position);
}
constexpr uint64_t initial_sum(uint64_t layer) { return mix(layer, 7); }
constexpr uint64_t add_to_sum(uint64_t sum, uint64_t stored) {
  return ((sum << 5 | sum >> 59) ^ stored) * 0x9e3779b97f4a7c15u;
}

// The experts: a turn of the answers; other tokens stay.
constexpr int32_t turned(int32_t token, int32_t shift) {
  return token < kAnswerTokens ? (token + shift) % kAnswerTokens : token;
}

}  // namespace tenon::sim
