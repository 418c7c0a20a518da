// Base class and table of a position encoding. A plugin derives, adds
//     static Result<std::unique_ptr<Derived>> create(Host, Config);
// and ends with TENON_POSITION_ENCODING_PLUGIN(...).
#pragma once
#include <tenon/abi/tenon_position_encoding.h>
#include <tenon/sdk/boundary.hpp>

#include <span>

namespace tenon {

class PositionEncoding {
 public:
  virtual ~PositionEncoding() = default;
  // Writes the angular frequency of each pair, in radians per position; returns the factor of cosine and sine.
  virtual Result<float> fill(std::span<float> frequencies) = 0;
};

namespace detail {
template <class T>
inline constexpr tenon_position_encoding position_encoding_table = {
    sizeof(tenon_position_encoding),
    0,
    create<T>,
    destroy<T>,
    [](void* self, uint32_t pairs, float* frequencies, float* scale) noexcept {
      return with<T>(self, [&](T& object) -> Status {
        TENON_TRY(*scale, object.fill({frequencies, pairs}));
        return ok();
      });
    },
};
}  // namespace detail
}  // namespace tenon

#define TENON_POSITION_ENCODING_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TYPE) \
  TENON_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TENON_POSITION_ENCODING,      \
               tenon::detail::position_encoding_table<TYPE>)
