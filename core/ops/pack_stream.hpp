// Packs many weights, one after the other in pieces, so that what is ahead is read while a piece
// is packed by all threads, and the file's pages behind it are given back. So memory grows by what is packed
// alone.
//
// Thread: [control].
#pragma once
#include <tenon/ops/packing.hpp>

#include <functional>
#include <set>
#include <span>
#include <vector>

namespace tenon {

// Told now and then how many bytes are packed, of how many. May be empty.
using PackProgress = std::function<void(uint64_t done, uint64_t total)>;

// Where packed bytes go. Calls come in pairs, for one weight after the other, `offset` from 0 upwards without
// holes; the last piece of a weight ends where its packed shape does.
class PackTarget {
 public:
  virtual ~PackTarget() = default;
  // Where the next piece is to be packed to.
  virtual Result<std::byte*> place(tenon_weight& weight, uint64_t offset, uint64_t bytes) = 0;
  // It is there now.
  virtual Status take(tenon_weight& weight, uint64_t offset, std::span<const std::byte> piece) = 0;
};

// Into weight.panels, in memory of the process.
class PackToMemory final : public PackTarget {
 public:
  Result<std::byte*> place(tenon_weight& weight, uint64_t offset, uint64_t bytes) override;
  Status take(tenon_weight& weight, uint64_t offset, std::span<const std::byte> piece) override;

 private:
  AlignedBuffer memory_;
};

class PackStream {
 public:
  // weights: in the order of their packing, best that of their places in files. Those that have no packed shape
  // are left alone. They must outlive the stream.
  PackStream(std::vector<tenon_weight*> weights, ThreadPool& threads, PackProgress progress = {});
  ~PackStream();

  uint64_t bytes() const { return bytes_; }  // of all when they are packed
  // A weight with a factor beyond half precision gets no panels. The first failure of the target ends it.
  // REQUIRES: is called once
  Status run(PackTarget& target);

 private:
  struct Piece;
  Status pack(const Piece& piece, PackTarget& target);

  std::vector<Piece> pieces_;
  ThreadPool& threads_;
  PackProgress progress_;
  std::set<tenon_weight*> misfits_;
  uint64_t bytes_ = 0, done_ = 0;
};

}  // namespace tenon
