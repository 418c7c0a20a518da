// Hangs after closing what somebody may be listening to.
#include "fake.hpp"

#include <unistd.h>

__attribute__((constructor)) static void hang() {
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  for (;;) pause();
}

TENON_FAKE();
