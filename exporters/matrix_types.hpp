// Which type each matrix of a written model gets.
#pragma once
#include <tenon/sdk/result.hpp>
#include <tenon/weights/dtype.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

enum class OutputLayout { kGguf, kHub };  // one file, or a directory with safetensors

class MatrixTypes {
 public:
  // type: of all but those that stay small. In GGUF that is the head, which is q6_k where `type` has four bits.
  // In a directory, what published ones leave alone, where `type` is scaled: embedding, head, the small
  // projections of the linear layers and of the head that guesses ahead stay as they are.
  //
  // overrides: "experts=q4_k,output.weight=q8_0", each a group (experts, dense, head, embedding) or a pattern
  // with * and ? over names of tensors, with or without ".weight"; where several fit, the last counts. Types:
  // f32, f16, bf16, and for GGUF q8_0, q4_0, q4_k, q6_k, for a directory fp8, int4, int4_32, int8, int8_32,
  // where the number is how many inputs share a scale, 128 if there is none.
  static Result<MatrixTypes> parse(OutputLayout layout, const std::string& type, const std::string& overrides);

  // Of rows of so many columns, now of type `own`. Where they are not whole blocks of the type meant, something
  // near it whose blocks they are: q8_0, or a group of 32; or else bf16 or `own`.
  DType type_of(const std::string& tensor, const std::string& group, int64_t columns,
                DType own = DType::kBF16) const;

  // Of all that have no rule of their own.
  DType common() const { return common_; }

 private:
  OutputLayout layout_ = OutputLayout::kGguf;
  DType common_ = DType::kBF16;
  // Pattern or group, and its type; none: it stays as it is.
  std::vector<std::pair<std::string, std::optional<DType>>> rules_;
};

}  // namespace tenon
