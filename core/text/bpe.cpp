#include <tenon/base/check.hpp>
#include <tenon/text/bpe.hpp>

#include <algorithm>
#include <bit>

namespace tenon {

Bpe::Bpe(const std::array<int32_t, 256>& byte_ids, std::span<const Merge> merges)
    : byte_ids_(byte_ids), cells_(std::bit_ceil(2 * merges.size() + 2)) {
  for (uint32_t rank = 0; rank < merges.size(); ++rank) {
    const Merge& merge = merges[rank];
    uint64_t pair = pair_of(merge.left, merge.right);
    cells_[cell_index(pair)] = {pair, rank, merge.merged};
  }
}

// Where the pair is, or else the free cell where it would be.
size_t Bpe::cell_index(uint64_t pair) const {
  constexpr uint64_t kGolden =
      0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio: spreads neighbours apart
  size_t mask = cells_.size() - 1;
  size_t index = (pair * kGolden >> 32) & mask;
  while (cells_[index].pair != pair && cells_[index].pair != kNoPair) index = (index + 1) & mask;
  return index;
}

const Bpe::Cell* Bpe::find(int32_t left, int32_t right) const {
  const Cell& cell = cells_[cell_index(pair_of(left, right))];
  return cell.pair == kNoPair ? nullptr : &cell;
}

// Puts the merge of a symbol with the next one, if there is one, on the heap.
void Bpe::propose(uint32_t left, Workspace& workspace) const {
  if (left == Workspace::kNone || workspace.symbols_[left].next == Workspace::kNone) return;
  const auto& symbol = workspace.symbols_[left];
  const Cell* cell = find(symbol.id, workspace.symbols_[symbol.next].id);
  if (cell == nullptr) return;
  workspace.heap_.push_back({cell->rank, left, cell->pair, cell->merged});
  std::push_heap(workspace.heap_.begin(), workspace.heap_.end());
}

// The left symbol becomes the merged one; the right symbol leaves the list.
void Bpe::merge_at(uint32_t left, int32_t merged, Workspace& workspace) const {
  auto& symbols = workspace.symbols_;
  auto& right = symbols[symbols[left].next];
  symbols[left].id = merged;
  symbols[left].next = right.next;
  right.id = -1;
  if (right.next != Workspace::kNone) symbols[right.next].previous = left;
  propose(symbols[left].previous, workspace);
  propose(left, workspace);
}

void Bpe::encode(std::string_view piece, Workspace& workspace, std::vector<int32_t>& ids) const {
  TENON_CHECK(piece.size() < Workspace::kNone, "a piece of {} bytes", piece.size());
  auto& symbols = workspace.symbols_;
  auto& heap = workspace.heap_;
  symbols.clear();
  heap.clear();
  uint32_t size = static_cast<uint32_t>(piece.size());
  for (uint32_t i = 0; i < size; ++i)
    symbols.push_back(
        {byte_ids_[static_cast<uint8_t>(piece[i])], i - 1, i + 1 == size ? Workspace::kNone : i + 1});
  for (uint32_t i = 0; i < size; ++i) propose(i, workspace);

  while (!heap.empty()) {
    auto best = heap.front();
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
    // An earlier merge may have taken either symbol away; then the pair that stood there is gone.
    const auto& symbol = symbols[best.left];
    bool stands = symbol.id >= 0 && symbol.next != Workspace::kNone &&
                  pair_of(symbol.id, symbols[symbol.next].id) == best.pair;
    if (stands) merge_at(best.left, best.merged, workspace);
  }
  for (uint32_t i = 0; i < size; ++i)
    if (symbols[i].id >= 0) ids.push_back(symbols[i].id);
}

}  // namespace tenon
