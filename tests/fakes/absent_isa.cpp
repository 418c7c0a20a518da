#include "fake.hpp"

TENON_FAKE(.isa = 99);
