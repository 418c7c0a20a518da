// That a simulation is decided by its seed alone.
#include "simulation.hpp"

#include <gtest/gtest.h>

namespace tenon::sim {
namespace {

TEST(Simulation, TheSameSeedIsTheSameSimulationWhateverRanBefore) {
  Workshop workshop;
  auto run = [&](uint64_t seed) {
    Tally tally;
    EXPECT_EQ(Simulation(workshop, seed, false).run(tally), "");
    return tally;
  };
  std::vector<Tally> first;
  for (uint64_t seed = 1; seed <= 8; ++seed) first.push_back(run(seed));
  for (uint64_t seed = 8; seed >= 1; --seed) EXPECT_EQ(run(seed), first[seed - 1]) << "seed " << seed;
}

TEST(Simulation, DifferentSeedsAreDifferentSimulations) {
  Workshop workshop;
  Tally one, two;
  EXPECT_EQ(Simulation(workshop, 1, false).run(one), "");
  EXPECT_EQ(Simulation(workshop, 2, false).run(two), "");
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace tenon::sim
