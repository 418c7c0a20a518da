#include "fake.hpp"

TENON_FAKE(.minor = TENON_ABI_MINOR + 1);
