// Any text as a model description: refused with a place, or a description.
#include <tenon/base/check.hpp>
#include <tenon/model/description.hpp>

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  auto description = parse_description({reinterpret_cast<const char*>(data), size}, "input.toml", "/nowhere");
  if (!description.ok())
    TENON_CHECK(description.error().text.find("input.toml") != std::string::npos, "{}",
                description.error().text);
  return 0;
}
