// Asking for weights by local name and shape. Requests never fail for a missing tensor: the core collects every
// problem and reports them together.
#pragma once
#include <tenon/abi/tenon_weights.h>
#include <tenon/sdk/result.hpp>

#include <initializer_list>

namespace tenon {

enum class Shard : uint32_t {
  kReplicated = TENON_SHARD_REPLICATED,
  kRows = TENON_SHARD_ROWS,
  kColumns = TENON_SHARD_COLUMNS,
  kHeads = TENON_SHARD_HEADS,
  kExperts = TENON_SHARD_EXPERTS,
};

using Shape = std::initializer_list<int64_t>;

class Weights {
 public:
  explicit Weights(const tenon_weights* raw) : raw_(raw) {}

  // A matrix [out, in] for Ops::linear.
  Result<const tenon_weight*> get(const char* name, Shape shape, Shard shard) const {
    return find(request_of(name, shape, shard));
  }
  // `group` matrices [out, in] for Ops::grouped_linear, `active` of which one token uses.
  Result<const tenon_weight*> get_group(const char* name, Shape shape, uint32_t group, uint32_t active) const {
    tenon_weight_request request = request_of(name, shape, Shard::kExperts);
    request.group = group, request.group_active = active;
    return find(request);
  }
  // Values for the plugin's own kernels.
  Result<const float*> get_values(const char* name, Shape shape, Shard shard = Shard::kReplicated) const {
    tenon_weight_request request = request_of(name, shape, shard);
    const float* values = nullptr;
    if (tenon_status s = raw_->get_values(raw_, &request, &values); s != TENON_OK) return Error{s, ""};
    return values;
  }

 private:
  static tenon_weight_request request_of(const char* name, Shape shape, Shard shard) {
    tenon_weight_request request{};
    request.size = sizeof(request);
    request.shard = static_cast<uint32_t>(shard);
    request.name = name;
    for (int64_t& dimension : request.shape) dimension = 1;
    for (int64_t dimension : shape) request.shape[request.rank++] = dimension;
    return request;
  }
  Result<const tenon_weight*> find(const tenon_weight_request& request) const {
    const tenon_weight* weight = nullptr;
    if (tenon_status s = raw_->get(raw_, &request, &weight); s != TENON_OK) return Error{s, ""};
    return weight;
  }

  const tenon_weights* raw_;
};

}  // namespace tenon
