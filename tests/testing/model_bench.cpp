#include "model_bench.hpp"

#include <importers/checkpoint_description.hpp>

#include <tenon/base/check.hpp>

#include <random>

namespace tenon::testing {
namespace {

constexpr int32_t kVocabulary = 512;  // at least this many in every fixture

Result<ModelDescription> describe_directory(const std::filesystem::path& directory) {
  TENON_TRY(std::string toml, describe_checkpoint(directory));
  return parse_description(toml, directory.filename().string(), directory);
}

}  // namespace

Result<ModelDescription> describe_fixture(const std::string& fixture) {
  return describe_directory(std::filesystem::path(TENON_FIXTURES) / fixture);
}

TestModel::TestModel(const std::string& fixture, const Tweak& tweak)
    : TestModel(describe_fixture(fixture), tweak) {}

TestModel TestModel::at(const std::filesystem::path& directory, const Tweak& tweak) {
  return TestModel(describe_directory(directory), tweak);
}

TestModel::TestModel(Result<ModelDescription> description, const Tweak& tweak) {
  TENON_CHECK(description.ok(), "{}", description.error().text);
  if (tweak) tweak(description.value());
  RegistryOptions options;
  options.directories.push_back({TENON_PLUGINS, PluginDirectory::Trust::kInstalled});
  registry_ = std::make_unique<PluginRegistry>(std::move(options));
  auto assembly = Assembly::make(std::move(description).value(), *registry_, {});
  TENON_CHECK(assembly.ok(), "{}", assembly.error().text);
  assembly_ = std::move(assembly).value();
  auto engine = Engine::make(*assembly_);
  TENON_CHECK(engine.ok(), "{}", engine.error().text);
  engine_ = std::move(engine).value();
}

CacheUnits::CacheUnits(TestModel& model) {
  const CacheLayout& layout = model.assembly().cache_layout();
  bytes = layout.placements[0].slot_stride;
  page_tokens = layout.plan.page_tokens;
  for (const tenon_needs& needs : model.assembly().needs()) slots += needs.bytes_per_sequence > 0;
}

std::vector<Outcome> run_all(Engine& engine, const std::vector<Request>& requests) {
  std::vector<Outcome> outcomes(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    auto id = engine.submit(requests[i], [&outcomes, i](const TokenEvent& event) {
      if (event.token >= 0)
        outcomes[i].tokens.push_back(event.token), outcomes[i].logprobs.push_back(event.logprob);
      if (event.is_last) outcomes[i].reason = event.reason, outcomes[i].error = event.error;
    });
    TENON_CHECK(id.ok(), "{}", id.error().text);
  }
  engine.run();
  return outcomes;
}

Request make_request(uint32_t prompt_tokens, uint32_t max_tokens, uint32_t seed, double temperature) {
  std::mt19937 generator(seed);
  Request request;
  for (uint32_t i = 0; i < prompt_tokens; ++i)
    request.prompt.push_back(static_cast<int32_t>(generator() % kVocabulary));
  request.max_tokens = max_tokens;
  request.wants_logprobs = true;
  request.sampling.temperature = temperature;
  request.sampling.seed = seed;
  return request;
}

}  // namespace tenon::testing
