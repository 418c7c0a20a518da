// A regular expression that cuts text into pieces. Any thread.
#pragma once
#include <tenon/sdk/result.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;

namespace tenon {

class Pattern {
 public:
  // Fails if the pattern is wrong or is not read alike by PCRE2 and Oniguruma, for which such patterns are
  // written.
  static Result<Pattern> compile(const std::string& pattern);

  // The matches and what lies between them, in order, none empty. Fails if matching takes too many steps.
  // REQUIRES: text is valid UTF-8.
  Result<std::vector<std::string_view>> split(std::string_view text) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  using Code = std::unique_ptr<pcre2_real_code_8, Free>;
  explicit Pattern(Code code) : code_(std::move(code)) {}

  Code code_;
};

}  // namespace tenon
