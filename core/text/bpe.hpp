// Byte-pair encoding of one piece of text: starts from single bytes and merges neighbours, the lowest rank
// first, the leftmost of equals first. Any thread.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tenon {

class Bpe {
 public:
  // A merge's rank is its place in the list; of two merges of the same pair the later counts.
  struct Merge {
    int32_t left, right, merged;
  };

  // byte_ids: the token of each byte value.
  Bpe(const std::array<int32_t, 256>& byte_ids, std::span<const Merge> merges);

  // Memory that encode() uses again from piece to piece; one per thread.
  class Workspace;

  // Appends the ids of one piece. Takes O(n log n) for n bytes.
  void encode(std::string_view piece, Workspace& workspace, std::vector<int32_t>& ids) const;

 private:
  static constexpr uint64_t kNoPair = UINT64_MAX;
  // How a pair merges; one cell of a table with open addressing.
  struct Cell {
    uint64_t pair = kNoPair;
    uint32_t rank = 0;
    int32_t merged = 0;
  };

  static uint64_t pair_of(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  size_t cell_index(uint64_t pair) const;
  const Cell* find(int32_t left, int32_t right) const;
  void propose(uint32_t left, Workspace& workspace) const;
  void merge_at(uint32_t left, int32_t merged, Workspace& workspace) const;

  std::array<int32_t, 256> byte_ids_;
  std::vector<Cell> cells_;  // a power of two, at most half full
};

class Bpe::Workspace {
 private:
  friend class Bpe;
  static constexpr uint32_t kNone = UINT32_MAX;
  // One token of the piece so far, in a list by position.
  struct Symbol {
    int32_t id;
    uint32_t previous, next;  // kNone at the ends
  };
  // A merge that was possible when it was proposed.
  struct Candidate {
    uint32_t rank;
    uint32_t left;  // index of the left symbol
    uint64_t pair;  // what stood there then
    int32_t merged;
    // The heap's top is the largest, so that is the merge to make first.
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };

  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

}  // namespace tenon
