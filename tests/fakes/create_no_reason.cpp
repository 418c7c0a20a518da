#include "fake.hpp"

namespace {
tenon_status create(const tenon_host*, const tenon_config*, void**) noexcept { return TENON_INVALID; }
}  // namespace

TENON_FAKE(.get_interface = tenon::fakes::interface_with_create<create>);
