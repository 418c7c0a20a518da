// The entry is code, and long enough to be taken for a table.
#include <cstdlib>

extern "C" __attribute__((visibility("default"))) int tenon_plugin_entry(int argument) {
  for (int i = 0; i < argument; ++i) argument += std::rand() % (i + 1);
  return argument;
}
