// The two calls that interfaces have in common whose objects state their needs and ask for weights.
#pragma once
#include <tenon/abi/tenon_step.h>
#include <tenon/sdk/boundary.hpp>
#include <tenon/sdk/weights.hpp>

namespace tenon::detail {

// T::plan(model, limits) -> Result<tenon_needs>
template <class T>
tenon_status plan(void* self, const tenon_model_shape* model, const tenon_limits* limits,
                  tenon_needs* needs) noexcept {
  return with<T>(self, [&](T& object) -> Status {
    TENON_TRY(tenon_needs stated, object.plan(*model, *limits));
    write_known(needs, stated);
    return ok();
  });
}

// T::bind(Weights) -> Status
template <class T>
tenon_status bind(void* self, const tenon_weights* weights) noexcept {
  return with<T>(self, [&](T& object) { return object.bind(Weights(weights)); });
}

}  // namespace tenon::detail
