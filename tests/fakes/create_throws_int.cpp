#include "fake.hpp"

namespace {
struct Thrower : tenon::fakes::Echo {
  static tenon::Result<std::unique_ptr<Thrower>> create(tenon::Host, tenon::Config) { throw 42; }
};
}  // namespace

TENON_FAKE(.get_interface = tenon::fakes::interface_with_create<tenon::detail::create<Thrower>>);
