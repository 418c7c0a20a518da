#include <exporters/matrix_types.hpp>

#include <exporters/scaled_matrix.hpp>

#include <tenon/base/text.hpp>
#include <tenon/weights/block_formats.hpp>

#include <fnmatch.h>

#include <sstream>

namespace tenon {
namespace {

bool can_write(OutputLayout layout, DType type) {
  if (type == DType::kF32 || type == DType::kF16 || type == DType::kBF16) return true;
  return layout == OutputLayout::kGguf ? type != DType::kF8E4M3 && can_quantise(type) : is_scaled(type);
}

Result<DType> parse_type(OutputLayout layout, const std::string& option, const std::string& name) {
  auto type = name == "fp8" ? DType::kF8E4M3 : find_dtype(name);
  if (type && can_write(layout, *type)) return *type;
  bool is_gguf = layout == OutputLayout::kGguf;
  return invalid(option + ": is " + printable(name) + ", expected f32, f16, bf16, " +
                 (is_gguf ? "q8_0, q4_0, q4_k or q6_k for a GGUF file"
                          : "fp8, int4, int4_32, int8 or int8_32 for a directory; a file is called *.gguf"));
}

bool fits(const std::string& pattern, const std::string& tensor) {
  constexpr std::string_view kEnd = ".weight";
  if (fnmatch(pattern.c_str(), tensor.c_str(), 0) == 0) return true;
  return tensor.ends_with(kEnd) &&
         fnmatch(pattern.c_str(), tensor.substr(0, tensor.size() - kEnd.size()).c_str(), 0) == 0;
}

// The nearest to it whose blocks such rows are.
DType fitted(DType type, int64_t columns, DType own) {
  auto is_whole = [&](DType t) { return columns % block_of(t).elements == 0; };
  if (is_whole(type)) return type;
  if (!has_scale_tensors(type)) return is_whole(DType::kQ8_0) ? DType::kQ8_0 : DType::kBF16;
  DType finer = type == DType::kInt4 ? DType::kInt4_32 : DType::kInt8_32;
  return is_whole(finer) ? finer : own;
}

}  // namespace

Result<MatrixTypes> MatrixTypes::parse(OutputLayout layout, const std::string& type,
                                       const std::string& overrides) {
  MatrixTypes types;
  types.layout_ = layout;
  TENON_TRY(types.common_, parse_type(layout, "--type", type));
  if (types.common_ == DType::kQ4_0 || types.common_ == DType::kQ4_K)
    types.rules_.emplace_back("head", DType::kQ6_K);
  if (is_scaled(types.common_))
    for (const char* kept : {"embedding", "head", "*.in_proj_ba", "mtp.fc"})
      types.rules_.emplace_back(kept, std::nullopt);
  std::istringstream parts(overrides);
  for (std::string part; std::getline(parts, part, ',');) {
    size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      return invalid("--tensor: has " + printable(part) + ", expected PATTERN=TYPE");
    std::string pattern = part.substr(0, equals);
    TENON_TRY(DType own, parse_type(layout, "--tensor: " + printable(pattern), part.substr(equals + 1)));
    types.rules_.emplace_back(std::move(pattern), own);
  }
  return types;
}

DType MatrixTypes::type_of(const std::string& tensor, const std::string& group, int64_t columns,
                           DType own) const {
  std::optional<DType> type = common_;
  for (const auto& [pattern, other] : rules_)
    if (pattern == group || fits(pattern, tensor)) type = other;
  return type ? fitted(*type, columns, own) : own;
}

}  // namespace tenon
