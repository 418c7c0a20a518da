// What a plugin's own tests work with: a host, weights made of plain numbers, and steps over memory laid out by
// hand. The plugin is linked into the test and taken through its exported table, as the engine would.
#pragma once
#include <tenon/abi/tenon_step.h>
#include <tenon/model/plugin_object.hpp>
#include <tenon/weights/weight.hpp>

#include <deque>
#include <map>
#include <random>
#include <span>

namespace tenon::testing {

// Services as the engine offers them, on a chosen instruction set and number of threads.
class TestHost {
 public:
  explicit TestHost(Isa isa = widest_isa(), uint32_t threads = 2, LayerProvider* layers = nullptr);

  std::unique_ptr<PluginHost> make_host(const std::string& place = "test") const;
  uint32_t threads() const { return pool_->threads(); }
  TraceSink& trace() { return *trace_; }

 private:
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<DenseOps> ops_;
  std::unique_ptr<TraceSink> trace_;
  std::unique_ptr<Services> services_;
  LayerProvider* layers_;
};

// The instruction sets this machine can run.
std::vector<Isa> available_isas();

// Weights by local name. A name that was not given is filled with small random numbers, the same ones each
// time.
class TestWeights {
 public:
  TestWeights();
  TestWeights(const TestWeights&) = delete;

  const tenon_weights* raw() const { return &raw_; }
  void set(const std::string& name, std::vector<float> values) { values_[name] = std::move(values); }
  // The values of a weight that has been asked for (or set); members of a group follow each other.
  const std::vector<float>& values(const std::string& name) const { return values_.at(name); }

 private:
  const std::vector<float>& find_or_make(const tenon_weight_request& request);

  tenon_weights raw_{};
  std::map<std::string, std::vector<float>> values_;
  std::deque<tenon_weight> weights_;
};

// Creates an object of the plugin that is linked into the test. Values are said to stand at "test:1:1".
template <class Table>
Result<PluginObject<Table>> create_object(const char* interface_id,
                                          const std::map<std::string, ConfigValue>& config,
                                          const TestHost& host);
// The same, where it cannot fail.
template <class Table>
PluginObject<Table> make_object(const char* interface_id, const std::map<std::string, ConfigValue>& config,
                                const TestHost& host);

// The library itself, for what only it knows.
const PluginLibrary& linked_plugin();

// One sequence's part of a step.
struct StepPart {
  uint32_t tokens;
  int32_t first;  // position of the first token
  int32_t phase;
  std::vector<int32_t> pages;  // page numbers
  int32_t slot_start = -1;
  std::vector<int32_t> slot_save;  // [tokens]
  int32_t context_first = 0;
};

// Memory of one layer, and steps over it.
class StepBench {
 public:
  // rotary_pairs: 0 for a layer that does not turn anything.
  StepBench(const tenon_needs& needs, uint32_t page_tokens, uint32_t pages, uint32_t slots,
            uint32_t rotary_pairs);

  // Fills the step and the state. Pairs turn by position * 0.1 / (pair + 1) radians.
  void set(const std::vector<StepPart>& parts);
  const tenon_step& step() const { return step_; }
  const tenon_state& state() const { return state_; }
  const std::byte* page(int32_t index) const { return pages_.data() + index * state_.page_stride; }
  float* slot(int32_t index) { return reinterpret_cast<float*>(slots_.data() + index * state_.slot_stride); }

 private:
  tenon_step step_{};
  tenon_state state_{};
  std::vector<std::byte> pages_, slots_, workspace_;
  std::vector<int32_t> positions_, token_start_, phase_, context_first_, context_length_;
  std::vector<int32_t> page_table_, slot_start_, slot_save_;
  std::vector<float> cosines_, sines_;
};

tenon_model_shape test_shape(uint32_t model_dim, uint32_t rotary_pairs = 0, uint32_t vocabulary = 32);
tenon_limits test_limits(uint32_t threads, uint32_t tokens = 256, uint32_t sequences = 8);

// Numbers from a normal distribution, the same for the same seed.
std::vector<float> random_floats(size_t count, uint32_t seed, float scale = 1.0f);

// y = W x (+ bias), in double precision. weight: [N, x.size()]
std::vector<double> naive_linear(std::span<const float> weight, const std::vector<double>& x,
                                 std::span<const float> bias = {});

// Greatest absolute difference, as a share of the greatest absolute value of `expected`.
double relative_error(const std::vector<float>& computed, const std::vector<double>& expected);

}  // namespace tenon::testing

#include "plugin_bench.inl"
