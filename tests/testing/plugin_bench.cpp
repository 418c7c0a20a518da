#include "plugin_bench.hpp"

#include <cmath>

namespace tenon::testing {

TestHost::TestHost(Isa isa, uint32_t threads, LayerProvider* layers)
    : pool_(std::make_unique<ThreadPool>(threads)),
      ops_(std::make_unique<DenseOps>(isa, *pool_)),
      trace_(std::make_unique<TraceSink>()),
      services_(std::make_unique<Services>(Services{ops_.get(), trace_.get()})),
      layers_(layers) {}

std::unique_ptr<PluginHost> TestHost::make_host(const std::string& place) const {
  return std::make_unique<PluginHost>(place, "", *services_, layers_);
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512})
    if (isa <= widest_isa()) isas.push_back(isa);
  return isas;
}

TestWeights::TestWeights() {
  raw_.size = sizeof(raw_);
  raw_.ctx = this;
  raw_.get = [](const tenon_weights* weights, const tenon_weight_request* request,
                const tenon_weight** out) noexcept {
    auto& self = *static_cast<TestWeights*>(weights->ctx);
    const std::vector<float>& values = self.find_or_make(*request);
    tenon_weight& weight = self.weights_.emplace_back();
    weight.rows = request->shape[0], weight.columns = request->shape[1];
    uint32_t members = request->group ? request->group : 1;
    for (uint32_t e = 0; e < members; ++e)
      weight.members.push_back(
          {reinterpret_cast<const std::byte*>(values.data() + e * weight.rows * weight.columns), nullptr});
    *out = &weight;
    return TENON_OK;
  };
  raw_.get_values = [](const tenon_weights* weights, const tenon_weight_request* request,
                       const float** out) noexcept {
    *out = static_cast<TestWeights*>(weights->ctx)->find_or_make(*request).data();
    return TENON_OK;
  };
}

const std::vector<float>& TestWeights::find_or_make(const tenon_weight_request& request) {
  size_t elements = request.group ? request.group : 1;
  for (uint32_t i = 0; i < request.rank; ++i) elements *= static_cast<size_t>(request.shape[i]);
  auto found = values_.find(request.name);
  if (found == values_.end()) {
    uint32_t seed = 1;
    for (const char* c = request.name; *c; ++c) seed = seed * 31 + static_cast<unsigned char>(*c);
    found = values_.emplace(request.name, random_floats(elements, seed, 0.3f)).first;
  }
  TENON_CHECK(found->second.size() == elements, "{} has {} elements, asked for are {}", request.name,
              found->second.size(), elements);
  return found->second;
}

const PluginLibrary& linked_plugin() {
  static const std::unique_ptr<PluginLibrary> library = [] {
    auto adopted = PluginLibrary::adopt(tenon_plugin_entry, "linked into the test");
    TENON_CHECK(adopted.ok(), "{}", adopted.error().text);
    return std::move(adopted).value();
  }();
  return *library;
}

StepBench::StepBench(const tenon_needs& needs, uint32_t page_tokens, uint32_t pages, uint32_t slots,
                     uint32_t rotary_pairs) {
  // Memory that nobody has written is NaN, so that a read of it shows.
  pages_.assign(needs.bytes_per_token * page_tokens * pages, std::byte{0xff});
  slots_.assign(needs.bytes_per_sequence * slots, std::byte{0xff});
  workspace_.assign(needs.workspace_bytes + 64, std::byte{0xff});
  state_.size = sizeof(state_), step_.size = sizeof(step_);
  state_.page_tokens = page_tokens;
  state_.page_stride = needs.bytes_per_token * page_tokens;
  state_.slot_stride = needs.bytes_per_sequence;
  state_.pages = pages_.data(), state_.slots = slots_.data();
  step_.rotary_pairs = rotary_pairs;
  step_.workspace = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(workspace_.data()) + 63) / 64 * 64);
}

void StepBench::set(const std::vector<StepPart>& parts) {
  for (auto* array : {&positions_, &token_start_, &phase_, &context_first_, &context_length_, &page_table_,
                      &slot_start_, &slot_save_})
    array->clear();
  cosines_.clear(), sines_.clear();
  state_.pages_max = 1;
  for (const StepPart& part : parts) state_.pages_max = std::max<uint32_t>(state_.pages_max, part.pages.size());
  for (const StepPart& part : parts) {
    token_start_.push_back(static_cast<int32_t>(positions_.size()));
    phase_.push_back(part.phase);
    context_first_.push_back(part.context_first), context_length_.push_back(part.first);
    slot_start_.push_back(part.slot_start);
    for (uint32_t i = 0; i < state_.pages_max; ++i)
      page_table_.push_back(i < part.pages.size() ? part.pages[i] : -1);
    for (uint32_t i = 0; i < part.tokens; ++i) {
      positions_.push_back(part.first + static_cast<int32_t>(i));
      slot_save_.push_back(i < part.slot_save.size() ? part.slot_save[i] : -1);
      for (uint32_t p = 0; p < step_.rotary_pairs; ++p) {
        double angle = positions_.back() * 0.1 / (p + 1);
        cosines_.push_back(static_cast<float>(std::cos(angle))),
            sines_.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  }
  token_start_.push_back(static_cast<int32_t>(positions_.size()));
  step_.tokens = static_cast<uint32_t>(positions_.size()),
  step_.sequences = static_cast<uint32_t>(parts.size());
  step_.positions = positions_.data(), step_.token_start = token_start_.data(), step_.phase = phase_.data();
  step_.context_first = context_first_.data(), step_.context_length = context_length_.data();
  step_.rotary_cos = cosines_.data(), step_.rotary_sin = sines_.data();
  state_.page_table = page_table_.data(), state_.slot_start = slot_start_.data(),
  state_.slot_save = slot_save_.data();
}

tenon_model_shape test_shape(uint32_t model_dim, uint32_t rotary_pairs, uint32_t vocabulary) {
  tenon_model_shape shape{};
  shape.size = sizeof(shape);
  shape.model_dim = model_dim, shape.vocabulary = vocabulary, shape.layers = 1,
  shape.rotary_pairs = rotary_pairs;
  shape.norm_eps = 1e-6f, shape.norm_offset = 1.0f;
  return shape;
}

tenon_limits test_limits(uint32_t threads, uint32_t tokens, uint32_t sequences) {
  tenon_limits limits{};
  limits.size = sizeof(limits);
  limits.tokens_per_step_max = tokens, limits.sequences_max = sequences, limits.context_max = 4096;
  limits.draft_tokens_max = 4, limits.threads = threads;
  return limits;
}

std::vector<float> random_floats(size_t count, uint32_t seed, float scale) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> floats(count);
  for (float& value : floats) value = normal(generator);
  return floats;
}

std::vector<double> naive_linear(std::span<const float> weight, const std::vector<double>& x,
                                 std::span<const float> bias) {
  std::vector<double> y(weight.size() / x.size());
  for (size_t n = 0; n < y.size(); ++n) {
    if (!bias.empty()) y[n] = bias[n];
    for (size_t m = 0; m < x.size(); ++m) y[n] += weight[n * x.size() + m] * x[m];
  }
  return y;
}

double relative_error(const std::vector<float>& computed, const std::vector<double>& expected) {
  TENON_CHECK(computed.size() == expected.size(), "{} and {} elements", computed.size(), expected.size());
  double error = 0, most = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    double difference = std::fabs(computed[i] - expected[i]);
    if (std::isnan(difference)) return difference;  // compares as false with any bound
    error = std::max(error, difference);
    most = std::max(most, std::fabs(expected[i]));
  }
  return most > 0 ? error / most : error;
}

}  // namespace tenon::testing
