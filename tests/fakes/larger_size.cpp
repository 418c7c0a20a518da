// As a plugin built against a later minor of this major would be, were it not for the number.
#include "fake.hpp"

namespace {
struct LaterPlugin {
  tenon_plugin known;
  uint64_t unknown;
};
}  // namespace

// The header declares the symbol as a tenon_plugin, so it takes an assembler name of its own.
extern "C" TENON_EXPORT constinit const LaterPlugin later_entry asm("tenon_plugin_entry");
constinit const LaterPlugin later_entry = {tenon::fakes::entry_of({.size = sizeof(LaterPlugin)}), 0xdeadbeef};
