#include <tenon/weights/tensor_file.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/checksum.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>

namespace tenon {

SourceIdentity TensorFile::identity() const {
  const std::byte *begin = file_.bytes().data(), *end = begin + file_.bytes().size();
  for (const auto& [name, tensor] : tensors_) end = std::min(end, tensor.data);
  return {file_.bytes().size(), file_.changed_ns(), checksum_of({begin, end})};
}

std::optional<FilePlace> TensorFile::find_place(const std::byte* data) const {
  const std::byte* begin = file_.bytes().data();
  if (data < begin || data >= begin + file_.bytes().size()) return std::nullopt;
  return FilePlace{&file_, static_cast<uint64_t>(data - begin)};
}

Status check_tensor_name(std::string_view name, const std::string& who) {
  bool has_control =
      std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= 512 && !has_control) return ok();
  return invalid(who + ": tensor name \"" + printable(name, 60) +
                 "\" is not 1 to 512 bytes without control characters");
}

std::optional<uint64_t> checked_bytes(DType type, const std::vector<int64_t>& shape) {
  BlockSize block = block_of(type);
  auto elements = checked_elements(shape);
  uint64_t row = shape.empty() ? 1 : static_cast<uint64_t>(shape.back());
  if (!elements || row % block.elements != 0) return std::nullopt;
  return checked_multiply(*elements / block.elements, block.bytes);
}

}  // namespace tenon
