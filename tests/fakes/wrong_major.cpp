#include "fake.hpp"

TENON_FAKE(.major = TENON_ABI_MAJOR + 1);
