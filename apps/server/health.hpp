// Whether the server works, for those who ask: probes, the watchdog and the program's end.
#pragma once
#include <tenon/engine/async_engine.hpp>

#include <atomic>

namespace tenon {

enum class Readiness {
  kReady,
  kDraining,  // finishes what it has
  kHanging,   // a step takes longer than the watchdog allows
  kStopped,   // the engine has a fault
};

// "ready", "draining", "hanging", "stopped"
const char* name_of(Readiness readiness);

// Thread: any. The engine must outlive it.
class Health {
 public:
  Health(const AsyncEngine& engine, double step_seconds_max)
      : engine_(engine), step_seconds_max_(step_seconds_max) {}

  Readiness readiness() const;
  // What the engine says of its fault; "" without one.
  std::string fault() const { return engine_.health().fault; }
  double step_seconds() const { return engine_.health().step_seconds; }
  void drain() { is_draining_ = true; }

 private:
  const AsyncEngine& engine_;
  const double step_seconds_max_;
  std::atomic<bool> is_draining_ = false;
};

}  // namespace tenon
