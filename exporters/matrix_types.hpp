// Which type each matrix of a written model gets.
#pragma once
#include <tenon/sdk/result.hpp>
#include <tenon/weights/dtype.hpp>

#include <string>
#include <utility>
#include <vector>

namespace tenon {

class MatrixTypes {
 public:
  // type: of all, but for the head, which is q6_k where `type` has four bits. overrides: "experts=q4_k,
  // output.weight=q8_0", each a group (experts, dense, head, embedding) or a pattern with * and ? over names of
  // tensors; where several fit, the last counts. Types: f32, f16, bf16, q8_0, q4_0, q4_k, q6_k.
  static Result<MatrixTypes> parse(const std::string& type, const std::string& overrides);

  // q8_0, or else bf16, where rows of so many columns are not whole blocks of the type meant.
  DType type_of(const std::string& tensor, const std::string& group, int64_t columns) const;

  // Of all that have no rule of their own.
  DType common() const { return common_; }

 private:
  DType common_ = DType::kBF16;
  std::vector<std::pair<std::string, DType>> rules_;  // pattern or group, and its type
};

}  // namespace tenon
