// What an engine has done, and what it holds now.
#pragma once
#include <tenon/abi/tenon_cache_manager.h>
#include <tenon/ops/expert_cache.hpp>

namespace tenon {

struct EngineStats {
  // Counts since the engine was made.
  uint64_t steps = 0, prompt_tokens = 0, output_tokens = 0;
  uint64_t drafted = 0, accepted = 0;  // tokens guessed, and those of them that the model would have chosen too
  uint64_t preemptions = 0, numerical_errors = 0;
  double seconds = 0, model_seconds = 0;  // of all steps, and of that in the model, its head and the speculator
  // Now.
  uint64_t waiting = 0, running = 0;  // requests
  tenon_cache_stats cache{};          // what it has in use, and what prompts found there
  ExpertCacheStats experts{};         // where they are read when they are needed
};

}  // namespace tenon
