// What deliberately bad plugins are made of: a good one, of which each changes one thing.
//
//     TENON_FAKE(.magic = 1);   // in wrong_magic.cpp, built as tenon_wrong_magic.so
//
// FAKE_NAME is the file's stem, given by CMakeLists.txt.
#pragma once
#include <tenon/sdk/token_mixer.hpp>

#include <cstring>

namespace tenon::fakes {

// Gives back what it gets: y = x.
class Echo : public TokenMixer {
 public:
  static Result<std::unique_ptr<Echo>> create(Host, Config) { return std::make_unique<Echo>(); }

  Result<tenon_needs> plan(const tenon_model_shape&, const tenon_limits&) override {
    tenon_needs needs{};
    needs.chunk_tokens = 1;
    return needs;
  }
  Status bind(Weights) override { return ok(); }
  Status forward(const tenon_step&, const tenon_state&, Matrix x, Matrix y) override {
    std::memcpy(y.data, x.data, static_cast<size_t>(x.rows * x.columns) * sizeof(float));
    return ok();
  }
};

inline const void* echo_interface(const char* id) noexcept {
  return std::strcmp(id, TENON_TOKEN_MIXER) == 0 ? &tenon::detail::token_mixer_table<Echo> : nullptr;
}

struct Fake {
  uint32_t size = sizeof(tenon_plugin), magic = TENON_ABI_MAGIC;
  uint32_t major = TENON_ABI_MAJOR, minor = TENON_ABI_MINOR;
  const char* id = FAKE_NAME;
  const char* schema = "";
  const char* services = "";
  uint32_t isa = TENON_ISA_SCALAR;
  const void* (*get_interface)(const char* id) noexcept = echo_interface;
};

constexpr tenon_plugin entry_of(const Fake& f) {
  return {f.size,   f.magic,    f.major, f.minor, f.id,           "0.0.1", "a fake for tests",
          f.schema, f.services, f.isa,   0,       f.get_interface};
}

// An echo whose create is another one.
template <auto Create>
inline constexpr tenon_token_mixer table_with_create = [] {
  tenon_token_mixer table = tenon::detail::token_mixer_table<Echo>;
  table.create = Create;
  return table;
}();

template <auto Create>
const void* interface_with_create(const char* id) noexcept {
  return std::strcmp(id, TENON_TOKEN_MIXER) == 0 ? &table_with_create<Create> : nullptr;
}

}  // namespace tenon::fakes

#define TENON_FAKE(...)                                                     \
  extern "C" TENON_EXPORT constinit const tenon_plugin tenon_plugin_entry = \
      tenon::fakes::entry_of(tenon::fakes::Fake{__VA_ARGS__})
