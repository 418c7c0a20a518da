#include "fake.hpp"

TENON_FAKE(.id = nullptr, .schema = nullptr, .services = nullptr);
