#include "workload.hpp"

#include "plugins/definition.hpp"

#include <algorithm>

namespace tenon::sim {
namespace {

constexpr uint32_t kPromptMax = 300;
constexpr uint32_t kAnswerMax = 40;
constexpr size_t kKeptMax = 30;  // chats and prompts to come back to

void choose_failures(Random& random, Settings& settings) {
  std::vector<std::string> roles = {"first", "second", "third", "turn_first", "turn_second", "turn_third"};
  if (settings.draft_tokens) roles.insert(roles.end(), 3, "speculator");
  if (random.chance(20)) {
    settings.failing = random.pick(roles);
    settings.fail_every = random.between(20, 400);
  }
  if (random.chance(15)) settings.refuse_every = random.between(3, 60);
}

// Of what there is, the newest kKeptMax.
void keep_some(std::vector<std::vector<int32_t>>& all, std::vector<int32_t> one) {
  if (all.size() == kKeptMax) all.erase(all.begin());
  all.push_back(std::move(one));
}

}  // namespace

Settings choose_settings(Random& random) {
  Settings settings;
  settings.sequences_max = random.between(1, 12);
  settings.draft_tokens = random.chance(60) ? random.between(1, 5) : 0;
  settings.right_percent = random.pick<uint32_t>({0, 30, 70, 90, 100});
  settings.silent_percent = random.pick<uint32_t>({0, 5, 30});
  uint32_t least = kChunkTokens + settings.sequences_max * (1 + settings.draft_tokens);
  settings.tokens_per_step = least + (random.chance(30) ? 0 : random.between(0, 300));
  settings.context = random.between(kPromptMax + kAnswerMax, 700);
  settings.page_tokens = random.pick<uint32_t>({0, 1, 5, 16, 16, 32, 64, 64, 100});
  settings.prefix_cache = random.chance(85);
  settings.prefix_bytes = random.pick<uint64_t>({0, 4096, 65536, 1 << 20});
  settings.snapshot_tokens = random.pick<uint32_t>({64, 128, 192, 4096});
  settings.state_words = random.pick<uint32_t>({1, 3, 16, 64});
  if (random.chance(30)) settings.priorities = random.between(1, 3);
  if (random.chance(30)) settings.salts = random.between(2, 3);
  // No draw of its own, so that seeds keep their meaning.
  settings.reuse_decoded = settings.prefix_cache && settings.context % 4 == 0;
  choose_failures(random, settings);
  return settings;
}

Workload::Workload(Random& random, const Settings& settings) : random_(random), settings_(settings) {
  for (int i = 0; i < 3; ++i) append_tokens(openings_.emplace_back(), random_.between(1, 200));
}

Request Workload::next() {
  Request request;
  request.prompt = make_prompt();
  keep_some(prompts_, request.prompt);
  uint32_t room = settings_.context - static_cast<uint32_t>(request.prompt.size());
  bool is_open_ended = random_.chance(room <= kPromptMax ? 20 : 1);
  request.max_tokens = is_open_ended ? 0 : random_.between(1, kAnswerMax);
  request.sampling.temperature = random_.pick<double>({0, 0, 0, 1, 2, 3});
  request.sampling.seed = random_.below(1000);
  // The speculator must be able to tell where the prompt ends, and only sampled answers have these tokens.
  if (request.sampling.temperature > 0) request.eos = {kEndOfPrompt, kEndOfPrompt + 1};
  request.priority = static_cast<int32_t>(random_.between(0, 2 * settings_.priorities)) -
                     static_cast<int32_t>(settings_.priorities);
  request.salt = random_.below(settings_.salts);
  // No draw of its own, so that seeds keep their meaning.
  if (request.prompt.size() % 16 == 5) request.seconds_max = 1 + request.prompt.size() % 37;
  if (random_.chance(30))
    for (uint32_t i = random_.between(1, 3); i > 0; --i)
      request.eos.push_back(static_cast<int32_t>(random_.below(kAnswerTokens)));
  return request;
}

void Workload::keep(std::vector<int32_t> tokens) {
  // Room for something more, and for an answer.
  if (tokens.size() + kChunkTokens < settings_.context) keep_some(chats_, std::move(tokens));
}

std::vector<int32_t> Workload::make_prompt() {
  uint32_t kind = random_.below(100);
  if (kind < 10 && !prompts_.empty()) return random_.pick(prompts_);
  std::vector<int32_t> prompt;
  if (kind < 45 && !chats_.empty()) {
    prompt = random_.pick(chats_);
  } else if (kind < 75) {
    prompt = random_.pick(openings_);
    if (random_.chance(30)) prompt.resize(random_.between(0, static_cast<uint32_t>(prompt.size())));
  }
  uint32_t most = std::max<uint32_t>(kPromptMax, static_cast<uint32_t>(prompt.size()) + kChunkTokens / 2);
  most = std::min(most, settings_.context - 2) - static_cast<uint32_t>(prompt.size());
  append_tokens(prompt,
                random_.chance(50) ? random_.between(0, std::min(most, 20u)) : random_.between(0, most));
  prompt.push_back(kEndOfPrompt);
  return prompt;
}

void Workload::append_tokens(std::vector<int32_t>& tokens, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>(random_.below(kAnswerTokens)));
}

Request unservable_request(Random& random, uint32_t context) {
  Request request;
  request.sampling.temperature = 0;
  switch (random.below(3)) {
    case 0: break;  // an empty prompt
    case 1: request.prompt.assign(context + random.below(3), 1); break;
    case 2: request.prompt = {1, random.chance(50) ? -1 : kVocabulary}; break;
  }
  return request;
}

}  // namespace tenon::sim
