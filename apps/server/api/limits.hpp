// What one request may ask for, beyond what the transport limits.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tenon::api {

inline constexpr uint32_t kChoicesMax = 8;
inline constexpr size_t kPromptsMax = 64;
inline constexpr size_t kStopsMax = 16, kStopBytesMax = 256;
inline constexpr size_t kStopTokensMax = 64;
inline constexpr size_t kLogitBiasMax = 300;
inline constexpr double kBiasMax = 100;
inline constexpr uint32_t kTopLogprobsMax = 20;
inline constexpr size_t kToolsMax = 128;
inline constexpr size_t kMessagesMax = 4096;
inline constexpr uint32_t kTokensMax = 1 << 24;
inline constexpr size_t kSchemaBytesMax = 64 << 10;

}  // namespace tenon::api
