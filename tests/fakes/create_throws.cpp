// Throws in the way of any C++ library; the SDK catches it.
#include "fake.hpp"

#include <stdexcept>

namespace {
struct Thrower : tenon::fakes::Echo {
  static tenon::Result<std::unique_ptr<Thrower>> create(tenon::Host, tenon::Config) {
    throw std::runtime_error("boom");
  }
};
}  // namespace

TENON_FAKE(.get_interface = tenon::fakes::interface_with_create<tenon::detail::create<Thrower>>);
