// A grammar as the constraint of an answer.
#pragma once
#include <tenon/engine/constraint.hpp>
#include <tenon/text/grammar/grammar.hpp>

namespace tenon {

// Each answer follows the grammar from its beginning.
ConstraintMaker follows(std::shared_ptr<const grammar::Grammar> grammar);

}  // namespace tenon
