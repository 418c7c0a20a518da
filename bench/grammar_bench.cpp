// What a token's mask costs: finding which tokens may come, and taking in the one that does. A document is read
// over and over, so that states are known, as they are to a server after its first answers. first_us: the most
// that a token of the first reading took.
//
//     build/release/bin/bench/grammar_bench
//     TENON_TEST_DATA=DIR build/release/bin/bench/grammar_bench      # with DIR/tokenizer/tokenizer.json
#include <tenon/text/grammar/compile.hpp>
#include <tenon/text/grammar/grammar.hpp>
#include <tenon/text/tokenizer.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <random>

namespace tenon::grammar {
namespace {

constexpr size_t kVocabulary = 151'936;

// Bytes, and made-up words with what stands around words in texts.
std::shared_ptr<const TokenTrie> made_up_tokens() {
  std::mt19937 random(1);
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(std::string(1, static_cast<char>(byte)));
  const char* around[] = {"", "", "", " ", " ", "\"", "\",", "\":", "{\"", "\n", "(", ".", "}"};
  while (tokens.size() < kVocabulary) {
    std::string token = around[random() % 7];
    for (size_t letters = 1 + random() % 9; letters > 0; --letters)
      token += random() % 12 ? static_cast<char>('a' + random() % 26) : static_cast<char>('0' + random() % 10);
    tokens.push_back(token + (random() % 8 ? "" : around[random() % std::size(around)]));
  }
  std::vector<std::string_view> views(tokens.begin(), tokens.end());
  return std::make_shared<TokenTrie>(views);
}

std::shared_ptr<const TokenTrie> tokens_of(bool is_real) {
  static std::map<bool, std::shared_ptr<const TokenTrie>> known;
  if (known[is_real]) return known[is_real];
  if (!is_real) return known[is_real] = made_up_tokens();
  const char* data = std::getenv("TENON_TEST_DATA");
  if (!data) return nullptr;
  auto tokenizer = Tokenizer::load(std::string(data) + "/tokenizer/tokenizer.json");
  return known[is_real] = tokenizer.ok() ? TokenTrie::of(tokenizer.value()) : nullptr;
}

// Greedily the longest token at each place.
std::vector<int32_t> cut(const TokenTrie& trie, std::string_view text) {
  std::map<std::string_view, int32_t> ids;
  for (int32_t id = 0; static_cast<size_t>(id) < 64 * trie.mask_words(); ++id)
    if (!trie.bytes_of(id).empty()) ids[trie.bytes_of(id)] = id;
  std::vector<int32_t> made;
  for (size_t at = 0; at < text.size();) {
    size_t length = std::min<size_t>(text.size() - at, trie.depth());
    while (!ids.contains(text.substr(at, length))) --length;
    made.push_back(ids[text.substr(at, length)]);
    at += length;
  }
  return made;
}

struct Case {
  Specification specification;
  std::string document;
};

Case case_of(int64_t number) {
  std::string prose = "the quick brown fox jumps over the lazy dog and runs away through 12 fields of corn. ";
  if (number == 0) {
    std::string value =
        "{\"list\": [1, 2.5, {\"deep\": [true, null, \"" + prose + "\"]}], \"text\": \"" + prose + "\"}";
    return {Specification::json_object(), value};
  }
  if (number == 1)
    return {Specification::json_schema(
                R"({"type": "object", "properties": {"name": {"type": "string"},
                "age": {"type": "integer"}, "tags": {"type": "array",
                "items": {"type": "string", "maxLength": 100}, "maxItems": 8},
                "score": {"type": "number", "minimum": 0, "maximum": 1}},
                "required": ["name", "age", "tags", "score"]})"),
            "{\"name\": \"" + prose + "\", \"age\": 31, \"tags\": [\"lazy dog\", \"brown\"], \"score\": 0.75}"};
  return {Specification::regex("(\\w+[ .])+"), prose};
}

// Arguments: which case; whether the vocabulary is Qwen's.
void token_mask(benchmark::State& state) {
  auto tokens = tokens_of(state.range(1));
  if (!tokens) return state.SkipWithError("needs TENON_TEST_DATA");
  Case given = case_of(state.range(0));
  auto automaton = compile(given.specification);
  if (!automaton.ok()) return state.SkipWithError(automaton.error().text.c_str());
  auto grammar = std::make_shared<const Grammar>(std::move(automaton).value(), tokens);
  std::vector<int32_t> document = cut(*tokens, given.document);
  double first_us = 0;
  auto read = [&](bool is_first) {
    Matcher matcher(grammar);
    for (int32_t token : document) {
      auto start = std::chrono::steady_clock::now();
      auto mask = matcher.allowed();
      bool is_allowed = mask[static_cast<size_t>(token) / 64] >> (token % 64) & 1;
      if (!matcher.accept(token) || !is_allowed) return false;
      std::chrono::duration<double, std::micro> us = std::chrono::steady_clock::now() - start;
      if (is_first) first_us = std::max(first_us, us.count());
    }
    return true;
  };
  if (!read(true)) return state.SkipWithError("the document is not read");
  Matcher start(grammar);
  for (auto _ : state) {
    Matcher matcher = start;
    for (int32_t token : document) {
      benchmark::DoNotOptimize(matcher.allowed().data());
      matcher.accept(token);
    }
  }
  state.counters["tokens"] = static_cast<double>(document.size());
  state.counters["us_per_token"] =
      benchmark::Counter(static_cast<double>(document.size() * state.iterations()) / 1e6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["first_us"] = first_us;
}
BENCHMARK(token_mask)
    ->ArgNames({"case", "real"})
    ->ArgsProduct({{0, 1, 2}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tenon::grammar
