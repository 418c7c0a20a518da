#include <tenon/engine/grammar_constraint.hpp>

namespace tenon {
namespace {

class GrammarConstraint final : public Constraint {
 public:
  explicit GrammarConstraint(std::shared_ptr<const grammar::Grammar> grammar) : matcher_(std::move(grammar)) {}

  std::span<const uint64_t> allowed() noexcept override { return matcher_.allowed(); }
  void accept(int32_t token) noexcept override { matcher_.accept(token); }
  Ending ending() const noexcept override {
    if (!matcher_.may_end()) return Ending::kMustNot;
    return matcher_.may_go_on() ? Ending::kMay : Ending::kMust;
  }

 private:
  grammar::Matcher matcher_;
};

}  // namespace

ConstraintMaker follows(std::shared_ptr<const grammar::Grammar> grammar) {
  return [grammar]() -> Result<std::unique_ptr<Constraint>> {
    return std::unique_ptr<Constraint>(std::make_unique<GrammarConstraint>(grammar));
  };
}

}  // namespace tenon
