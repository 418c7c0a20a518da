#include "fake.hpp"

TENON_FAKE(.size = sizeof(tenon_plugin) - 8);
