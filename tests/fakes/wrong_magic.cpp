#include "fake.hpp"

TENON_FAKE(.magic = 1);
