// What is asked of the engine in one simulation: settings and requests, all decided by a seed.
#pragma once
#include "hash_model.hpp"
#include "random.hpp"

namespace tenon::sim {

// Settings of every kind, memory still unlimited.
Settings choose_settings(Random& random);

// Requests: fresh ones, some of which begin alike; chats that go on; prompts that were there before.
class Workload {
 public:
  Workload(Random& random, const Settings& settings);

  Request next();
  // An answer is complete; a chat may go on from here. tokens: prompt and answer.
  void keep(std::vector<int32_t> tokens);

 private:
  std::vector<int32_t> make_prompt();
  void append_tokens(std::vector<int32_t>& tokens, uint32_t count);

  Random& random_;
  const Settings& settings_;
  std::vector<std::vector<int32_t>> openings_;  // that fresh prompts begin with
  std::vector<std::vector<int32_t>> chats_;     // prompt and answer of requests that have ended
  std::vector<std::vector<int32_t>> prompts_;   // asked before
};

// A request that no engine can serve.
Request unservable_request(Random& random, uint32_t context);

}  // namespace tenon::sim
