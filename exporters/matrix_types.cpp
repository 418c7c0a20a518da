#include <exporters/matrix_types.hpp>

#include <tenon/base/text.hpp>
#include <tenon/weights/block_formats.hpp>

#include <fnmatch.h>

#include <sstream>

namespace tenon {
namespace {

bool can_write(DType type) {
  return type == DType::kF32 || type == DType::kF16 || type == DType::kBF16 || can_quantise(type);
}

Result<DType> parse_type(const std::string& option, const std::string& name) {
  auto type = find_dtype(name);
  if (type && can_write(*type)) return *type;
  return invalid(option + ": is " + printable(name) + ", expected f32, f16, bf16, q8_0, q4_0, q4_k or q6_k");
}

}  // namespace

Result<MatrixTypes> MatrixTypes::parse(const std::string& type, const std::string& overrides) {
  MatrixTypes types;
  TENON_TRY(types.common_, parse_type("--type", type));
  if (types.common_ == DType::kQ4_0 || types.common_ == DType::kQ4_K)
    types.rules_.emplace_back("head", DType::kQ6_K);
  std::istringstream parts(overrides);
  for (std::string part; std::getline(parts, part, ',');) {
    size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      return invalid("--tensor: has " + printable(part) + ", expected PATTERN=TYPE");
    std::string pattern = part.substr(0, equals);
    TENON_TRY(DType own, parse_type("--tensor: " + printable(pattern), part.substr(equals + 1)));
    types.rules_.emplace_back(std::move(pattern), own);
  }
  return types;
}

DType MatrixTypes::type_of(const std::string& tensor, const std::string& group, int64_t columns) const {
  DType type = common_;
  for (const auto& [pattern, own] : rules_)
    if (pattern == group || fnmatch(pattern.c_str(), tensor.c_str(), 0) == 0) type = own;
  if (columns % block_of(type).elements == 0) return type;
  return columns % block_of(DType::kQ8_0).elements == 0 ? DType::kQ8_0 : DType::kBF16;
}

}  // namespace tenon
