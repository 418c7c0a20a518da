// A Qwen3-Next of any size out of random numbers, with the real model's dimensions in every layer: for
// measuring speed and memory without a download.
#pragma once
#include <exporters/conversion.hpp>
#include <importers/qwen3_next.hpp>

#include <tenon/base/json.hpp>

namespace tenon {

struct SyntheticSize {
  int64_t layers = 4, vocabulary = 151'936, experts = 512;
  bool has_speculative = false;
};

// Dimensions of Qwen3-Next-80B-A3B; every fourth layer has full attention.
Qwen3NextFacts synthetic_qwen3_next(const SyntheticSize& size);

// Its tensors in the Hugging Face layout. Matrices keep the size of what goes through them, decays are spread
// as in trained models, and routers choose widely.
RandomSource synthetic_tensors(const Qwen3NextFacts& facts, uint64_t seed);

// config.json
Json hub_config_of(const Qwen3NextFacts& facts);

}  // namespace tenon
