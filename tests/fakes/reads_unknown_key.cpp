// Reads a key that its schema does not have.
#include "fake.hpp"

namespace {
struct Reader : tenon::fakes::Echo {
  static tenon::Result<std::unique_ptr<Reader>> create(tenon::Host, tenon::Config config) {
    (void)config.get_int("depth");
    return std::make_unique<Reader>();
  }
};
}  // namespace

TENON_FAKE(.schema = "width : int = 1  # not read",
           .get_interface = tenon::fakes::interface_with_create<tenon::detail::create<Reader>>);
