#include <tenon/base/check.hpp>

#include <cstdio>
#include <cstdlib>

namespace tenon {

void fail_check(const char* file, int line, const char* condition, const std::string& text) {
  std::fprintf(stderr, "tenon: bug: %s:%d: %s does not hold%s%s\n", file, line, condition,
               text.empty() ? "" : ": ", text.c_str());
  std::abort();
}

}  // namespace tenon
