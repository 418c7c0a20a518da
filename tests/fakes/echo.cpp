// The one that is right.
#include "fake.hpp"

TENON_FAKE(.schema = "gain : float >0 <=8 = 1  # not used");
