#include "fake.hpp"

#include <cstdlib>

namespace {
tenon_status create(const tenon_host*, const tenon_config*, void**) noexcept { std::exit(0); }
}  // namespace

TENON_FAKE(.get_interface = tenon::fakes::interface_with_create<create>);
