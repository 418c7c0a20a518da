#include "fake.hpp"

namespace {
constexpr tenon_token_mixer kTable = [] {
  tenon_token_mixer table = tenon::detail::token_mixer_table<tenon::fakes::Echo>;
  table.bind = nullptr;
  return table;
}();
}  // namespace

TENON_FAKE(.get_interface = [](const char* id) noexcept -> const void* {
  return std::strcmp(id, TENON_TOKEN_MIXER) == 0 ? &kTable : nullptr;
});
