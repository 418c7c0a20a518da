// What finished and running prompts leave for later ones: a radix tree over chunks of tokens. A node stands for
// one chunk after its parent's; it holds the pages that the chunk touches, and some nodes a snapshot, the state
// of every recurrent layer after the chunk. A sequence can begin only where there is a snapshot (or anywhere,
// if no layer is recurrent).
//
//   salt 0 --[64 tokens]--> node --[64 tokens]--> node *      * snapshot: a prompt ended in the next chunk
//                              \--[64 tokens]--> node --> node *
//
// Leaves and snapshots are given up in one order, least recently used first; snapshots alone, where only they
// are too many.
#pragma once
#include "units.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <span>

namespace tenon::hybrid_paged {

// How memory was computed. What a decode made is equal to what a prefill makes in algebra, not in bits, and so
// is what was made from it.
enum class Origin { kPrefill, kDecode };

// The sequence that computed something.
struct Maker {
  uint64_t sequence = 0;
  Origin origin = Origin::kPrefill;
};

struct Node;

// By the chunk's tokens, which can be looked for without a node.
struct ByTokens {
  using is_transparent = void;
  using Tokens = std::span<const int32_t>;
  static Tokens tokens_of(const std::unique_ptr<Node>& node);
  static Tokens tokens_of(Tokens tokens) { return tokens; }
  bool operator()(const auto& a, const auto& b) const {
    Tokens one = tokens_of(a), other = tokens_of(b);
    return std::lexicographical_compare(one.begin(), one.end(), other.begin(), other.end());
  }
};
using Siblings = std::set<std::unique_ptr<Node>, ByTokens>;
using NodesByMoment = std::map<uint64_t, Node*>;

struct Node {
  Node* parent = nullptr;
  uint64_t salt = 0;
  uint32_t depth = 0;             // chunks from the start, this one included
  std::vector<int32_t> tokens;    // [chunk]
  Maker maker;                    // of the pages
  std::vector<int32_t> pages;     // the units that the chunk's positions touch, in order
  std::vector<int32_t> snapshot;  // [recurrent layers], or empty
  uint64_t snapshot_maker = 0;    // a sequence; the origin is that of the pages
  // Moments are unique, so that orders by them have no ties. A node is used when a prompt begins like it, a
  // snapshot when a sequence begins with it.
  uint64_t last_used = 0, snapshot_last_used = 0;
  NodesByMoment::node_type leaf_place;  // its entry among the leaves, while it is none
  Siblings children;
};

inline std::span<const int32_t> ByTokens::tokens_of(const std::unique_ptr<Node>& node) { return node->tokens; }

struct PrefixLimits {
  uint32_t chunk_tokens = 1, page_tokens = 0;  // page_tokens 0: nothing is paged
  bool needs_snapshots = true;                 // some layer is recurrent
  size_t units_max = 0;                        // that the tree may hold
  size_t snapshots_max = SIZE_MAX;
};

// Looking for something and giving it up allocate nothing. What puts something in may throw std::bad_alloc, and
// the tree is then as it was, but for what it had put in already.
class PrefixTree {
 public:
  void reset(Units& units, const PrefixLimits& limits);

  struct Match {
    Node* resume = nullptr;  // the deepest node to begin from; NULL if there is none
    uint32_t depth = 0;      // how many chunks are known, with or without a snapshot
  };
  // The longest known beginning, of at most depth_max chunks. Its nodes and the snapshot at `resume` count as
  // used.
  Match find(uint64_t salt, std::span<const int32_t> tokens, uint32_t depth_max);
  // The pages of all positions up to the node's end.
  std::vector<int32_t> pages_up_to(const Node& node) const;

  // Puts the first `depth` chunks of tokens in, computed by `maker` into these pages. Nodes that are there
  // already stay, but what a prefill made replaces what a decode made, with all that was built on it. Returns
  // the last of them.
  Node* insert(uint64_t salt, std::span<const int32_t> tokens, uint32_t depth, std::span<const int32_t> pages,
               const Maker& maker);
  // Does nothing if the node has a snapshot, or if that would mix origins.
  void attach(Node& node, std::span<const int32_t> snapshot, const Maker& maker);
  // Gives up the snapshot after `depth` chunks, if this sequence computed it.
  void detach(uint64_t salt, std::span<const int32_t> tokens, uint32_t depth, uint64_t maker);

  // Gives up the least recently used leaf or snapshot. False if the tree is empty.
  bool evict_one();
  // Gives up until the tree holds no more than its limits.
  void shrink();
  // Gives up what a sequence with these tokens began with, `used` chunks, and what it computed itself; and all
  // that was built on either.
  void forget(uint64_t salt, std::span<const int32_t> tokens, uint32_t used, uint64_t maker);

  size_t snapshots() const { return snapshots_.size(); }
  // Pages that the tree held and then did not any more, for want of room.
  uint64_t pages_evicted() const { return pages_evicted_; }
  uint64_t snapshots_evicted() const { return snapshots_evicted_; }
  // Every hold of the tree on a unit, counted anew; [units].
  std::vector<uint32_t> count_holds() const;

 private:
  Node* child_of(Node* parent, uint64_t salt, std::span<const int32_t> chunk) const;
  Node* add_child(Node* parent, uint64_t salt, std::span<const int32_t> chunk, std::span<const int32_t> pages,
                  const Maker& maker);
  std::span<const int32_t> chunk_of(std::span<const int32_t> tokens, uint32_t depth) const;
  uint32_t first_page(uint32_t depth) const;
  uint32_t pages_end(uint32_t depth) const;
  Siblings& siblings_of(const Node& node);
  void make_leaf(Node& node);
  void touch(Node& node);
  void touch_snapshot(Node& node);
  void evict_snapshot();
  void drop_snapshot(Node& node);
  size_t remove(Node& node);
  template <class Visit>
  void for_each(Visit&& visit) const;

  Units* units_ = nullptr;
  PrefixLimits limits_;
  std::map<uint64_t, Siblings> roots_;  // by salt
  NodesByMoment leaves_;                // by last_used
  NodesByMoment snapshots_;             // by snapshot_last_used
  uint64_t moment_ = 0;
  uint64_t pages_evicted_ = 0, snapshots_evicted_ = 0;
};

}  // namespace tenon::hybrid_paged
