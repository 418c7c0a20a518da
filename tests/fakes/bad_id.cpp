#include "fake.hpp"

TENON_FAKE(.id = "../../\x1b[2Jroot");
