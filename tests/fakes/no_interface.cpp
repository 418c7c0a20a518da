#include "fake.hpp"

TENON_FAKE(.get_interface = [](const char*) noexcept -> const void* { return nullptr; });
