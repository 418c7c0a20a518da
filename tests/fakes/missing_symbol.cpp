#include "fake.hpp"

extern "C" TENON_EXPORT constinit const tenon_plugin some_other_entry = tenon::fakes::entry_of({});
