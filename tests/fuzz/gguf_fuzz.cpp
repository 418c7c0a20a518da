// Any bytes as a GGUF file: refused, or tensors that lie inside the file, a description that parses, and a
// tokenizer that takes text.
#include <tests/fuzz/input_file.hpp>

#include <importers/checkpoint_description.hpp>

#include <tenon/base/check.hpp>
#include <tenon/model/description.hpp>
#include <tenon/text/tokenizer.hpp>
#include <tenon/weights/block_formats.hpp>
#include <tenon/weights/gguf.hpp>

namespace tenon {
namespace {

void read_blocks(const StoredTensor& tensor) {
  BlockSize block = block_of(tensor.dtype);
  std::vector<float> values(block.elements);
  for (uint64_t at = 0; at < tensor.bytes; at += block.bytes)
    dequantise(tensor.dtype, tensor.data + at, block.elements, values.data());
}

void read_tensors(const std::filesystem::path& path) {
  auto file = Gguf::open(path);
  if (!file.ok()) return;
  for (const auto& [name, tensor] : file.value()->tensors()) {
    tenon::testing::sum_of({tensor.data, tensor.bytes});
    if (block_of(tensor.dtype).elements > 1) read_blocks(tensor);
  }
}

}  // namespace
}  // namespace tenon

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  static tenon::testing::InputFile input("input.gguf");
  const std::filesystem::path& path = input.fill({data, size});
  read_tensors(path);
  if (auto toml = describe_checkpoint(path); toml.ok()) {
    auto description = parse_description(toml.value(), "input.toml", "/");
    // A value may be more than a description allows, but what is written is TOML.
    TENON_CHECK(description.ok() || !description.error().text.empty(), "{}", toml.value());
  }
  if (auto tokenizer = Tokenizer::load(path); tokenizer.ok())
    if (auto ids = tokenizer.value().encode("Hello, w\xc3\xb6rld 12"); ids.ok())
      tokenizer.value().decode(ids.value());
  return 0;
}
