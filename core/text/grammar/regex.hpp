// Regular expressions as networks. A subset that every common dialect reads in the same way; the rest is
// refused by name and place. No backtracking anywhere: a network is read in one pass.
//
//     characters   a  .  [a-z_]  [^"]  \d \w \s \D \W \S  \n \r \t \f \v  \xHH \uHHHH  \. and other escaped
//     signs sequences    ab  a|b  (a)  (?:a)  (?P<name>a)  (?<name>a) counts       a*  a+  a?  a{2}  a{2,}
//     a{2,5}, with a ? behind them or not: the language is the same places       ^ at the beginning and $ at
//     the end of an alternative outside groups
//
// . is any character but \n; \d, \w and \s are those of ASCII. A count is at most 1,000.
#pragma once
#include <tenon/text/grammar/characters.hpp>

namespace tenon::grammar {

// Whether the expression describes the whole text, or any part of it unless ^ and $ say otherwise.
enum class Anchoring { kWhole, kSearch };

// `who` names the expression in errors.
Result<Fragment> compile_regex(Nfa& nfa, std::string_view pattern, Writing writing, Anchoring anchoring,
                               const std::string& who);

}  // namespace tenon::grammar
