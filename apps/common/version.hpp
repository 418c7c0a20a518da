// The version that every program tells.
#pragma once

namespace tenon {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace tenon
