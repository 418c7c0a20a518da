#include <apps/server/startup.hpp>

#include <cstdio>

namespace tenon {
namespace {

double seconds_since(std::chrono::steady_clock::time_point time) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - time).count();
}

}  // namespace

Startup::Startup(const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); }

void Startup::phase(const std::string& name, const std::string& detail) {
  std::fprintf(stderr, "  %-12s %8.3f s  %s\n", name.c_str(), phase_seconds(), detail.c_str());
  phase_begun_ = Clock::now();
}

void Startup::ready(const std::string& url) {
  std::fprintf(stderr, "ready in %.2f s: %s\n", seconds_since(begun_), url.c_str());
}

double Startup::phase_seconds() const { return seconds_since(phase_begun_); }

}  // namespace tenon
