#include "layer_bench.hpp"

#include <tenon/abi/services/tenon_ops.h>
#include <tenon/sdk/tensor.hpp>

#include <cstring>

namespace tenon::bench {
namespace {

double seconds_in_ops = 0;

const std::vector<float>& prepared() {
  static const std::vector<float> kNumbers = testing::random_floats(1 << 20, 1);
  return kNumbers;
}

tenon_status answer(const tenon_tensor* y) {
  auto start = std::chrono::steady_clock::now();
  Matrix to(*y);
  fill(to.data, static_cast<uint64_t>(to.rows * to.columns) * sizeof(float));
  seconds_in_ops += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return TENON_OK;
}

constexpr tenon_ops kOps = {
    sizeof(tenon_ops),
    0,
    [](const tenon_host*, const tenon_step*, const tenon_weight*, const float*, const tenon_tensor*,
       const tenon_tensor* y) noexcept { return answer(y); },
    [](const tenon_host*, const tenon_step*, const tenon_weight*, const int32_t*, const tenon_tensor*,
       const tenon_tensor* y) noexcept { return answer(y); },
    [](const tenon_host*, const tenon_step*, const float*, float, float, const tenon_tensor*,
       const tenon_tensor* y) noexcept { return answer(y); },
    [](const tenon_host*, const tenon_step*, const tenon_tensor*, const tenon_tensor*,
       const tenon_tensor* y) noexcept { return answer(y); },
};

// What PluginHost answers, for all services but the operations.
const void* (*get_true_service)(const tenon_host* host, const char* id) noexcept;

const void* get_service(const tenon_host* host, const char* id) noexcept {
  return std::strcmp(id, TENON_OPS) == 0 ? &kOps : get_true_service(host, id);
}

}  // namespace

tenon_model_shape real_shape(uint32_t rotary_pairs) { return testing::test_shape(2048, rotary_pairs); }

tenon_limits real_limits(uint32_t tokens, uint32_t sequences) {
  tenon_limits limits = testing::test_limits(threads().threads(), tokens, sequences);
  limits.context_max = 1 << 16;
  return limits;
}

std::unique_ptr<PluginHost> make_bare_host() {
  static DenseOps ops(isa(), threads());
  static TraceSink trace;
  static Services services{&ops, &trace};
  auto host = std::make_unique<PluginHost>("bench", "", services);
  get_true_service = host->raw()->get_service;
  // The object itself is not constant.
  const_cast<tenon_host*>(host->raw())->get_service = get_service;
  return host;
}

const tenon_weights* bare_weights() {
  static std::deque<tenon_weight> weights;
  static tenon_weights table{};
  table.size = sizeof(table);
  table.get = [](const tenon_weights*, const tenon_weight_request* request,
                 const tenon_weight** weight) noexcept {
    tenon_weight& made = weights.emplace_back();
    made.rows = request->shape[0], made.columns = request->shape[1];
    *weight = &made;
    return TENON_OK;
  };
  table.get_values = [](const tenon_weights*, const tenon_weight_request*, const float** values) noexcept {
    *values = prepared().data();
    return TENON_OK;
  };
  return &table;
}

double take_seconds_in_ops() { return std::exchange(seconds_in_ops, 0.0); }

void fill(void* memory, uint64_t bytes) {
  uint64_t most = prepared().size() * sizeof(float);
  for (uint64_t at = 0; at < bytes; at += most)
    std::memcpy(static_cast<std::byte*>(memory) + at, prepared().data(), std::min(most, bytes - at));
}

}  // namespace tenon::bench
