// Whole models for tests: a fixture or a description, assembled with the plugins of the build, and requests run
// on it.
#pragma once
#include <tenon/engine/engine.hpp>

#include <functional>

namespace tenon::testing {

// Changes a description before it is assembled.
using Tweak = std::function<void(ModelDescription& description)>;

// An assembled model with its engine. Aborts the test program if it cannot be made: fixtures are good.
class TestModel {
 public:
  // fixture: a folder of tests/fixtures.
  explicit TestModel(const std::string& fixture, const Tweak& tweak = {});
  // directory: a checkpoint anywhere.
  static TestModel at(const std::filesystem::path& directory, const Tweak& tweak = {});

  Engine& engine() { return *engine_; }
  Assembly& assembly() { return *assembly_; }

 private:
  TestModel(Result<ModelDescription> description, const Tweak& tweak);

  std::unique_ptr<PluginRegistry> registry_;
  std::unique_ptr<Assembly> assembly_;
  std::unique_ptr<Engine> engine_;
};

// The bytes of one unit of a model's paged cache, and how many units a sequence of so many tokens takes.
struct CacheUnits {
  explicit CacheUnits(TestModel& model);
  uint64_t of(uint32_t tokens) const { return slots + (tokens + page_tokens - 1) / page_tokens; }

  uint64_t bytes, page_tokens, slots = 0;
};

// The description of a fixture, as imported.
Result<ModelDescription> describe_fixture(const std::string& fixture);

// What one request came to.
struct Outcome {
  std::vector<int32_t> tokens;
  std::vector<double> logprobs;  // of the tokens; equal only if every bit of the logits is
  FinishReason reason{};
  std::string error;
  bool operator==(const Outcome&) const = default;
};

// Submits all requests, runs the engine until nothing is left, returns the outcomes in order.
std::vector<Outcome> run_all(Engine& engine, const std::vector<Request>& requests);

// A request for `max_tokens` after a prompt of `prompt_tokens` made-up tokens; greedy unless `temperature` says
// otherwise.
Request make_request(uint32_t prompt_tokens, uint32_t max_tokens, uint32_t seed = 1, double temperature = 0);

}  // namespace tenon::testing
