// What compiling one grammar may take. Whoever allocates or loops says so; once it is spent, builders add
// nothing more and the compiler returns the error. One thread.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstddef>
#include <cstdint>

namespace tenon::grammar {

struct CompileLimits {
  uint64_t cpu_ms_max = 200;
  uint64_t bytes_max = 64 << 20;
  uint32_t depth_max = 32;             // of schemas in schemas, and of groups in a regular expression
  uint64_t text_bytes_max = 64 << 10;  // of a schema, a pattern, or all choices together
};

class Budget {
 public:
  explicit Budget(const CompileLimits& limits);

  // So many bytes more. Returns false once too much was taken, of memory or of time.
  bool take(size_t bytes);
  bool is_spent() const { return is_spent_; }
  const CompileLimits& limits() const { return limits_; }
  // Says what was spent; also for what is given as too large from the beginning.
  Error error() const;

 private:
  const CompileLimits limits_;
  uint64_t start_ns_, bytes_ = 0;
  uint32_t until_clock_ = 0;  // calls until the next look at the clock
  bool is_spent_ = false;
};

// The one kind of error that means "right, but more than the limits allow". Its text begins with the words
// grammar_too_complex.
Error too_complex(const std::string& why);
bool is_too_complex(const Error& error);

}  // namespace tenon::grammar
