// Prints before anyone can know what is wrong with it.
#include "fake.hpp"

#include <cstdio>

__attribute__((constructor)) static void talk() {
  std::printf("hello from a plugin\n");
  std::fflush(stdout);
}

TENON_FAKE(.schema = "width : metres  # no such type\n");
