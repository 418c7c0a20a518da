// Measuring a model: prompts and answers of given lengths, one or many at once.
#pragma once
#include <tenon/engine/engine.hpp>

namespace tenon::cli {

// One case, in the words of llama-bench. Either n_prompt or n_gen is 0: prompts are measured up to their first
// token, answers from their first token to their last.
struct BenchCase {
  uint32_t n_prompt = 0, n_gen = 0;
  uint32_t n_depth = 0;  // tokens before; with a prompt they are computed and counted with it
  uint32_t n_batch_sequences = 1;
  bool is_second_turn = false;  // whether an earlier prompt was the n_depth tokens before
};

// "pp512", "tg128 @ d1024 x 8", "pp64 @ d1024, 2nd turn"
std::string name_of(const BenchCase& bench);

// Runs a case once and returns tokens per second, of all sequences together. Prompts are made-up tokens,
// different every time, so that nothing can be reused but what a second turn finds. Fails as the engine does.
Result<double> measure(Engine& engine, uint32_t vocabulary, const BenchCase& bench);

double median_of(std::vector<double> samples);

}  // namespace tenon::cli
