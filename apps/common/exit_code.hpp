// Exit codes of every program, as in sysexits.h.
#pragma once
#include <tenon/sdk/result.hpp>

namespace tenon {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 64;        // the command line is wrong
inline constexpr int kExitBadData = 65;      // a file, a description or a request is
inline constexpr int kExitUnavailable = 69;  // right, but not on this machine or in this build
inline constexpr int kExitFatal = 70;        // the engine, or a plugin, failed
inline constexpr int kExitOutOfMemory = 71;
inline constexpr int kExitIo = 74;
inline constexpr int kExitInterrupted = 130;  // Ctrl-C, as shells count it

int exit_code_of(tenon_status status);

// Prints "tenon: TEXT" on standard error and returns the code.
int report(const Error& error);

}  // namespace tenon
