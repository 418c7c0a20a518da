// Base class and table of a token mixer. A plugin derives, adds
//     static Result<std::unique_ptr<Derived>> create(Host, Config);
// and ends with TENON_TOKEN_MIXER_PLUGIN(...).
#pragma once
#include <tenon/abi/tenon_token_mixer.h>
#include <tenon/sdk/planned.hpp>

namespace tenon {

// See tenon_token_mixer.h for what each call owes and on which thread it comes.
class TokenMixer {
 public:
  virtual ~TokenMixer() = default;
  virtual Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) = 0;
  virtual Status bind(Weights weights) = 0;
  // x, y: [T, D]
  virtual Status forward(const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) = 0;
};

namespace detail {
template <class T>
inline constexpr tenon_token_mixer token_mixer_table = {
    sizeof(tenon_token_mixer),
    0,
    create<T>,
    destroy<T>,
    plan<T>,
    bind<T>,
    [](void* self, const tenon_step* step, const tenon_state* state, const tenon_tensor* x,
       const tenon_tensor* y) noexcept {
      return with<T>(self, [&](T& object) { return object.forward(*step, *state, Matrix(*x), Matrix(*y)); });
    },
};
}  // namespace detail
}  // namespace tenon

#define TENON_TOKEN_MIXER_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TYPE) \
  TENON_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TENON_TOKEN_MIXER,      \
               tenon::detail::token_mixer_table<TYPE>)
