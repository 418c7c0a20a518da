// The hash model assembled: its description, its weights (an identity), its plugins, an engine over it.
#pragma once
#include <tenon/engine/engine.hpp>

namespace tenon::sim {

// What differs from one simulation to the next.
struct Settings {
  uint32_t sequences_max = 8, tokens_per_step = 256, context = 512;
  uint32_t page_tokens = 0;   // 0: chosen by the cache manager
  uint32_t state_words = 3;   // of the recurrent layers
  uint64_t memory_bytes = 0;  // of the cache; 0: all it could use
  bool is_watched = true;     // whether every call of the cache manager is checked; see watched_cache.hpp
  bool prefix_cache = true;
  uint64_t prefix_bytes = 0;        // beyond what running sequences can use
  uint32_t snapshot_tokens = 4096;  // between the states that a long prompt leaves behind
  bool reuse_decoded = false;  // then the model computes prompts as it decodes, so that answers are certain
  uint32_t draft_tokens = 0;   // 0: no speculator
  uint32_t right_percent = 70, silent_percent = 5;
  std::string failing;        // a role, or "speculator": whose calls fail ...
  uint32_t fail_every = 0;    // ... once in so many; 0: never
  uint32_t refuse_every = 0;  // admissions and reservations that the cache refuses although it has room

  uint32_t priorities = 0;  // of requests: so many levels above and below the usual one
  uint32_t salts = 1;       // different ones

  // How the model computes prompts, whatever it is told.
  int32_t prompt_phase() const { return reuse_decoded ? TENON_DECODE : TENON_PREFILL; }
  std::string text() const;  // one line
};

// The TOML of the model with these settings.
std::string describe(const Settings& settings, const std::filesystem::path& weights);

// Where the weights and the plugins are; one for the whole program.
class Workshop {
 public:
  Workshop();  // aborts if it cannot write its files
  ~Workshop();
  Workshop(const Workshop&) = delete;

  // weights: WeightSource::kNone for the plan of the memory alone.
  Result<std::unique_ptr<Assembly>> assemble(const Settings& settings, WeightSource weights);

 private:
  std::filesystem::path directory_;
  std::unique_ptr<PluginRegistry> registry_;
};

}  // namespace tenon::sim
