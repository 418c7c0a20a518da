// What an answer may consist of, token by token: a JSON document, a word of a language. The engine asks before
// each draw which tokens may come, and tells which one was drawn. It tells of drawn tokens only, in their
// order: a draft that the constraint forbids is simply not the token that is drawn, so nothing is ever taken
// back.
//
// One object per answer, since it knows how far that answer has come.
// Threads   made on any thread; all calls then come from the engine's, one at a time: [step].
// Lifetime  it lives as long as the answer, also while that waits for memory to be computed again.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace tenon {

class Constraint {
 public:
  // Whether the answer may end here, by one of its request's eos ids. Where it must, nothing else may follow,
  // and the engine ends it without asking for one.
  enum class Ending { kMustNot, kMay, kMust };

  virtual ~Constraint() = default;

  // The tokens that may come next: token t is bit t % 64 of word t / 64, and one beyond the words may not. No
  // words at all: any token may come. Ids of the request's eos do not count here; ending() decides on them. The
  // words are valid until the next call of accept. Where nothing may come and the answer may not end, the
  // request ends with an error.
  virtual std::span<const uint64_t> allowed() noexcept = 0;

  // This token was drawn. REQUIRES: allowed() has it, and it is not an eos id
  virtual void accept(int32_t token) noexcept = 0;

  virtual Ending ending() const noexcept = 0;
};

// Begins an answer: n answers to one prompt are n calls. Thread: any, several at once.
using ConstraintMaker = std::function<Result<std::unique_ptr<Constraint>>()>;

// First comes any text up to `token`, then exactly the tokens of `then`, and from there on `maker`'s constraint
// holds: what a model thinks before it answers stays free. The answer cannot end before.
ConstraintMaker starts_after(int32_t token, std::vector<int32_t> then, ConstraintMaker maker);

}  // namespace tenon
