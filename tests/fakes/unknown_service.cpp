#include "fake.hpp"

TENON_FAKE(.services = "tenon.log/1 tenon.time_travel/2");
