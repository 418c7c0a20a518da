#include <tenon/text/answer_delta.hpp>

namespace tenon {

void ParsedAnswer::add(const AnswerDelta& delta) {
  using Kind = AnswerDelta::Kind;
  switch (delta.kind) {
    case Kind::kReasoning: reasoning += delta.text; return;
    case Kind::kContent: content += delta.text; return;
    case Kind::kCallBegun: calls.push_back({delta.text, {}}); return;
    case Kind::kCallArguments: calls.back().arguments += delta.text; return;
    case Kind::kCallEnded: return;
    case Kind::kCallVoid: calls.pop_back(); return;
  }
}

}  // namespace tenon
