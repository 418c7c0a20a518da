// Checks around every plugin call of a step, in builds with TENON_CONTRACT_CHECKS: the output is written and
// finite, the input untouched, nothing written past the workspace. A plugin that breaks the contract fails the
// step by name.
#pragma once
#include <tenon/abi/tenon_step.h>
#include <tenon/sdk/result.hpp>
#include <tenon/sdk/tensor.hpp>

namespace tenon {

#ifdef TENON_CONTRACT_CHECKS
inline constexpr bool kContractChecks = true;
#else
inline constexpr bool kContractChecks = false;
#endif

// Bytes that an arena keeps behind a plugin's workspace for the guard pattern; 0 in builds without checks.
inline constexpr uint64_t kGuardBytes = kContractChecks ? 64 : 0;

// Made before the call; verify() after it.
class ContractCheck {
 public:
  // workspace_bytes: as planned; the guard lies behind them.
  ContractCheck(Matrix x, Matrix y, void* workspace, uint64_t workspace_bytes);
  Status verify(const std::string& place) const;

 private:
  Matrix x_, y_;
  std::byte* guard_;
  uint64_t input_hash_;
};

}  // namespace tenon
