// One request in flight.
#pragma once
#include <tenon/engine/request.hpp>

#include <unordered_map>

namespace tenon {

struct Sequence {
  uint64_t id;
  Request request;
  EventHandler on_event;
  std::vector<int32_t> tokens;  // prompt, then output
  uint32_t computed = 0;  // leading tokens that the model has consumed; the only such count there is (rule D7)
  uint32_t max_tokens = 0;                              // output tokens at most, resolved
  std::unordered_map<int32_t, uint32_t> output_counts;  // how often each token has been generated
  bool is_cancelled = false;

  uint32_t prompt_tokens() const { return static_cast<uint32_t>(request.prompt.size()); }
  uint32_t output_tokens() const { return static_cast<uint32_t>(tokens.size()) - prompt_tokens(); }
  bool is_prefilling() const { return computed < prompt_tokens(); }
};

}  // namespace tenon
