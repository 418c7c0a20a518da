// Grammars under test: compiled, read, walked at random, over small made-up vocabularies.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/grammar/characters.hpp>
#include <tenon/text/grammar/compile.hpp>
#include <tenon/text/grammar/grammar.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace tenon::grammar {

// In which several parts of a JSON text meet, characters are cut, and so on.
inline constexpr const char* kPieces[] = {"{\"",
                                          "\":",
                                          "\": ",
                                          "\",",
                                          "\", \"",
                                          "\"}",
                                          "\"]",
                                          "}}",
                                          "]}",
                                          "}]",
                                          "[[",
                                          "[{",
                                          "{}",
                                          "[]",
                                          "[\"",
                                          "},",
                                          "],",
                                          ", ",
                                          ": ",
                                          ":[",
                                          ":{",
                                          "\n  ",
                                          "\n    ",
                                          "true",
                                          "false",
                                          "null",
                                          "10",
                                          "12",
                                          "100",
                                          "0.5",
                                          "-1",
                                          "1,",
                                          "1}",
                                          "1]",
                                          "e5",
                                          "\\n",
                                          "\\\"",
                                          "\\u00",
                                          "ab",
                                          "abc",
                                          "name",
                                          "\"name\":",
                                          "a\"",
                                          "a\",",
                                          "value",
                                          " a",
                                          "aaaa",
                                          "\xc3\xa4",
                                          "\xe2\x82",
                                          "\xac\"",
                                          "\xf0\x9f\x98\x80",
                                          "T12",
                                          "2024-",
                                          "-01",
                                          "<tool_call>",
                                          "</tool_call>",
                                          "</",
                                          ">\n",
                                          "=",
                                          "<function=",
                                          "\n</parameter>\n",
                                          "1",
                                          "a",
                                          "null}",
                                          "true,",
                                          "1,1",
                                          "[1,",
                                          "{\"a\": 1}"};

// All 256 bytes, and the pieces.
inline std::vector<std::string> small_vocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(std::string(1, static_cast<char>(byte)));
  for (const char* piece : kPieces) tokens.push_back(piece);
  tokens.push_back("");  // an id without a token
  return tokens;
}

inline std::shared_ptr<const TokenTrie> trie_of(const std::vector<std::string>& tokens) {
  std::vector<std::string_view> views(tokens.begin(), tokens.end());
  return std::make_shared<TokenTrie>(views);
}

inline Automaton automaton_of(const Specification& specification) {
  auto made = compile(specification, {.cpu_ms_max = 10'000});
  if (!made.ok()) throw std::runtime_error(made.error().text + "\n" + specification.text);
  return std::move(made).value();
}

inline std::shared_ptr<const Grammar> grammar_of(const Specification& specification) {
  static const auto trie = trie_of(small_vocabulary());
  return std::make_shared<const Grammar>(automaton_of(specification), trie);
}

inline bool reads(const Automaton& automaton, std::string_view text) {
  Stack stack(automaton, text.size());
  for (char byte : text)
    if (stack.step(static_cast<uint8_t>(byte)) != Stack::Outcome::kTaken) return false;
  return stack.may_end();
}

// The slow definition: the token's bytes can be read after `text`.
inline bool may_follow(const Automaton& automaton, std::string_view text, std::string_view token) {
  if (token.empty()) return false;
  Stack stack(automaton, text.size() + token.size());
  for (std::string_view part : {text, token})
    for (char byte : part)
      if (stack.step(static_cast<uint8_t>(byte)) != Stack::Outcome::kTaken) return false;
  return true;
}

inline std::vector<int32_t> tokens_in(std::span<const uint64_t> mask) {
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < mask.size() * 64; ++i)
    if (mask[i / 64] >> (i % 64) & 1) tokens.push_back(static_cast<int32_t>(i));
  return tokens;
}

// Random allowed tokens until the text may end and a coin says so; then towards the end. Nothing if it takes
// more than tokens_max tokens.
inline std::optional<std::string> random_text(const std::shared_ptr<const Grammar>& grammar,
                                              std::mt19937& random, size_t tokens_max = 300) {
  Matcher matcher(grammar);
  std::string text;
  for (size_t i = 0; i < tokens_max; ++i) {
    if (matcher.may_end() && (!matcher.may_go_on() || random() % 3 == 0)) return text;
    std::vector<int32_t> tokens = tokens_in(matcher.allowed());
    if (tokens.empty()) {
      ADD_FAILURE() << "nothing may follow " << text;
      return std::nullopt;
    }
    // What closes something comes more often, so that texts end.
    std::vector<int32_t> closing;
    for (int32_t token : tokens)
      if (std::string_view("\"}],:").find(grammar->tokens().bytes_of(token).front()) != std::string_view::npos)
        closing.push_back(token);
    const auto& from = !closing.empty() && random() % (i < 40 ? 3 : 8) != 0 ? closing : tokens;
    int32_t token = from[random() % from.size()];
    text += grammar->tokens().bytes_of(token);
    if (!matcher.accept(token)) {
      ADD_FAILURE() << "allowed and not accepted: " << text;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace tenon::grammar
