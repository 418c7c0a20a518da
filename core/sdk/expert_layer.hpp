// Base class and table of an expert layer. A plugin derives, adds
//     static Result<std::unique_ptr<Derived>> create(Host, Config);
// and ends with TENON_EXPERT_LAYER_PLUGIN(...).
#pragma once
#include <tenon/abi/tenon_expert_layer.h>
#include <tenon/sdk/planned.hpp>

namespace tenon {

// See tenon_expert_layer.h for what each call owes and on which thread it comes.
class ExpertLayer {
 public:
  virtual ~ExpertLayer() = default;
  virtual Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) = 0;
  virtual Status bind(Weights weights) = 0;
  // x, y: [T, D]
  virtual Status forward(const tenon_step& step, Matrix x, Matrix y) = 0;
};

namespace detail {
template <class T>
inline constexpr tenon_expert_layer expert_layer_table = {
    sizeof(tenon_expert_layer),
    0,
    create<T>,
    destroy<T>,
    plan<T>,
    bind<T>,
    [](void* self, const tenon_step* step, const tenon_tensor* x, const tenon_tensor* y) noexcept {
      return with<T>(self, [&](T& object) { return object.forward(*step, Matrix(*x), Matrix(*y)); });
    },
};
}  // namespace detail
}  // namespace tenon

#define TENON_EXPERT_LAYER_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TYPE) \
  TENON_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TENON_EXPERT_LAYER,      \
               tenon::detail::expert_layer_table<TYPE>)
