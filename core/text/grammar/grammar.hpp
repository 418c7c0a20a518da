// A compiled grammar for one vocabulary, and the state of one text that follows it: which tokens may come next.
//
// A token may come exactly if its bytes can be read where the text has come to. What that needs to know beside
// the innermost rule's state is little, so masks are kept per such state: tokens that stay inside the rule, and
// the places in the tree of tokens where the rule is left, from which the rest is read with the whole stack.
//
// Threads   a Grammar is shared by any threads; a Matcher belongs to one at a time.
#pragma once
#include <tenon/text/grammar/stack.hpp>
#include <tenon/text/grammar/token_trie.hpp>

#include <mutex>
#include <unordered_map>

namespace tenon::grammar {

class Grammar {
 public:
  // Memory for kept masks at most; beyond it, masks are computed each time.
  static constexpr size_t kMaskBytesMax = 24 << 20;
  // Deeper stacks are read without kept masks.
  static constexpr uint32_t kKeptDepth = Stack::kDepthMax / 2;

  Grammar(Automaton automaton, std::shared_ptr<const TokenTrie> tokens)
      : automaton_(std::move(automaton)), tokens_(std::move(tokens)) {}

  const Automaton& automaton() const { return automaton_; }
  const TokenTrie& tokens() const { return *tokens_; }
  // That it takes now; it grows with the states that texts come through.
  size_t bytes() const;

 private:
  friend class Matcher;
  // What may come after an innermost frame.
  struct Kept {
    std::vector<uint64_t> mask;   // of tokens that stay inside its rule, or in rules that it begins
    std::vector<uint32_t> exits;  // nodes whose byte is the first after the rule's word
    bool is_exact = true;         // false: some token goes deeper than was looked
  };
  uint64_t key_of(Stack::Frame frame) const;
  const Kept* find(uint64_t key) const;
  // NULL if there is no room.
  const Kept* keep(uint64_t key, const Kept& kept) const;

  const Automaton automaton_;
  const std::shared_ptr<const TokenTrie> tokens_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<uint64_t, Kept> kept_;
  mutable size_t kept_bytes_ = 0;
};

class Matcher {
 public:
  explicit Matcher(std::shared_ptr<const Grammar> grammar);

  // The tokens that may come next: token t is bit t % 64 of word t / 64. Valid until the next accept. Allocates
  // only the first time that any text comes to such a place.
  std::span<const uint64_t> allowed() noexcept;
  // Reads the token. Returns false if it may not come; then nothing may, from now on.
  bool accept(int32_t token) noexcept;
  // The same for bytes of any kind.
  bool accept_bytes(std::string_view bytes) noexcept;

  // Whether the text may be over, and whether it may go on.
  bool may_end() const { return !has_failed_ && stack_.may_end(); }
  bool may_go_on() const { return !has_failed_ && stack_.may_go_on(); }

 private:
  void compute();
  const Grammar::Kept* kept();
  void add_exits(const Grammar::Kept& kept);
  void walk(Stack& stack, uint32_t first, uint32_t last, std::span<uint64_t> mask,
            std::vector<uint32_t>* exits);

  std::shared_ptr<const Grammar> grammar_;
  Stack stack_, inner_;
  std::vector<Stack::Mark> marks_;  // [depth of the tree]
  std::vector<uint64_t> mask_;      // [V / 64]
  Grammar::Kept scratch_;
  std::span<const uint64_t> allowed_;
  bool is_known_ = false, has_failed_ = false;
};

}  // namespace tenon::grammar
