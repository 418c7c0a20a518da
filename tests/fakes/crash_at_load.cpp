#include "fake.hpp"

#include <csignal>

__attribute__((constructor)) static void crash() {
  std::signal(SIGSEGV, SIG_DFL);  // sanitizers catch it, and then exit
  std::raise(SIGSEGV);
}

TENON_FAKE();
