// Failures on demand, for tests of what happens then. Compiled in where tests are; elsewhere none ever fires.
#pragma once

namespace tenon {

// Whether to fail here and now. TENON_FAILPOINTS, read once, names the points and the calls at which they fire:
// "engine_stop:20" is the twentieth call with that name, "engine_stop:3,engine_hang:5" are two. Thread: any.
bool failpoint(const char* name);

}  // namespace tenon
