#include "fake.hpp"

TENON_FAKE(.schema = "heads : int >=1  # heads\nwidth : metres  # no such type\n");
