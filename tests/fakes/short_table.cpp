#include "fake.hpp"

namespace {
constexpr struct {
  uint32_t size = 16, reserved = 0;
  void* create = nullptr;
} kTable;
}  // namespace

TENON_FAKE(.get_interface = [](const char* id) noexcept -> const void* {
  return std::strcmp(id, TENON_TOKEN_MIXER) == 0 ? &kTable : nullptr;
});
