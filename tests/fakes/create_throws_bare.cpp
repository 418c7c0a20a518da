// Without the SDK, so that nothing catches it.
#include "fake.hpp"

namespace {
[[noreturn]] void fail() { throw 42; }
tenon_status create(const tenon_host*, const tenon_config*, void**) noexcept { fail(); }
}  // namespace

TENON_FAKE(.get_interface = tenon::fakes::interface_with_create<create>);
