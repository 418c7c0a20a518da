#include "fake.hpp"

#include <unistd.h>

__attribute__((constructor)) static void hang() {
  for (;;) pause();
}

TENON_FAKE();
