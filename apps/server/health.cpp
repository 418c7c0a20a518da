#include <apps/server/health.hpp>

namespace tenon {

const char* name_of(Readiness readiness) {
  switch (readiness) {
    case Readiness::kReady: return "ready";
    case Readiness::kDraining: return "draining";
    case Readiness::kHanging: return "hanging";
    case Readiness::kStopped: return "stopped";
  }
  return "";
}

Readiness Health::readiness() const {
  EngineHealth health = engine_.health();
  if (!health.fault.empty()) return Readiness::kStopped;
  if (is_draining_) return Readiness::kDraining;
  return health.step_seconds > step_seconds_max_ ? Readiness::kHanging : Readiness::kReady;
}

}  // namespace tenon
