#include "fake.hpp"

TENON_FAKE(.id = "echo");
