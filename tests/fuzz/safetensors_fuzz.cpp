// Any bytes as a safetensors file: refused, or tensors that lie inside the file.
#include <tests/fuzz/input_file.hpp>

#include <tenon/weights/convert.hpp>
#include <tenon/weights/safetensors.hpp>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  static tenon::testing::InputFile input("input.safetensors");
  auto file = Safetensors::open(input.fill({data, size}));
  if (!file.ok()) return 0;
  for (const auto& [name, tensor] : file.value()->tensors()) {
    tenon::testing::sum_of({tensor.data, tensor.bytes});
    if (is_float(tensor.dtype)) floats_of(tensor);
  }
  return 0;
}
