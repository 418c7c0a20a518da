#include <tenon/ops/pack_stream.hpp>

#include <tenon/base/mapped_file.hpp>
#include <tenon/ops/ops.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <atomic>

namespace tenon {
namespace {

// Packed bytes of a piece: long enough that threads seldom wait for each other, and that a disk reads it at its
// full speed.
constexpr uint64_t kPieceBytes = 16 << 20;
// Pieces that are read ahead of the one that is packed.
constexpr size_t kPiecesAhead = 3;
constexpr int64_t kPanelsPerRange = 4;

}  // namespace

Result<std::byte*> PackToMemory::place(tenon_weight& weight, uint64_t offset, uint64_t) {
  if (offset == 0) {
    TENON_TRY(memory_, AlignedBuffer::allocate(find_packed_shape(weight)->bytes(), "packed weights"));
    // Fewer address translations per byte read; where the system has no large pages to give, nothing is lost.
    if (memory_.bytes() > 0) madvise(memory_.data(), memory_.bytes(), MADV_HUGEPAGE);
  }
  return memory_.data() + offset;
}

Status PackToMemory::take(tenon_weight& weight, uint64_t offset, std::span<const std::byte> piece) {
  if (offset + piece.size() == memory_.bytes()) weight.panels = Panels(std::move(memory_));
  return ok();
}

// Some panels of a weight, counted through all its members.
struct PackStream::Piece {
  tenon_weight* weight;
  PackedShape shape;
  int64_t begin, end;

  uint64_t offset() const { return static_cast<uint64_t>(begin) * shape.panel_bytes; }
  uint64_t bytes() const { return static_cast<uint64_t>(end - begin) * shape.panel_bytes; }

  // Calls body(member, first panel, last panel + 1) for each member that has some of the panels [from, to).
  template <class Body>
  void for_members(int64_t from, int64_t to, Body&& body) const {
    for (int64_t at = from; at < to;) {
      int64_t member = at / shape.panels, first = at % shape.panels;
      int64_t last = std::min(shape.panels, first + to - at);
      body(static_cast<size_t>(member), first, last);
      at += last - first;
    }
  }
  // Does something to what the file holds of it, where that is one range per member.
  void for_stored(void (*body)(std::span<const std::byte>)) const {
    if (has_scale_tensors(weight->dtype)) return;
    uint64_t row_bytes = bytes_of(weight->dtype, static_cast<uint64_t>(weight->columns));
    for_members(begin, end, [&](size_t member, int64_t first, int64_t last) {
      int64_t row = first * kPanelRows, row_end = std::min(last * kPanelRows, weight->rows);
      body({weight->members[member].data + static_cast<uint64_t>(row) * row_bytes,
            static_cast<uint64_t>(row_end - row) * row_bytes});
    });
  }
};

PackStream::PackStream(std::vector<tenon_weight*> weights, ThreadPool& threads, PackProgress progress)
    : threads_(threads), progress_(std::move(progress)) {
  std::erase_if(weights, [](const tenon_weight* weight) { return !find_packed_shape(*weight); });
  for (tenon_weight* weight : weights) {
    PackedShape shape = *find_packed_shape(*weight);
    int64_t panels = shape.panels * shape.members;
    int64_t step = std::max<int64_t>(1, static_cast<int64_t>(kPieceBytes / shape.panel_bytes));
    for (int64_t begin = 0; begin < panels; begin += step)
      pieces_.push_back({weight, shape, begin, std::min(begin + step, panels)});
    bytes_ += shape.bytes();
  }
}

PackStream::~PackStream() = default;

Status PackStream::run(PackTarget& target) {
  for (size_t ahead = 0; ahead < std::min(kPiecesAhead, pieces_.size()); ++ahead)
    pieces_[ahead].for_stored(read_ahead);
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (i + kPiecesAhead < pieces_.size()) pieces_[i + kPiecesAhead].for_stored(read_ahead);
    TENON_TRY(pack(pieces_[i], target));
  }
  for (tenon_weight* weight : misfits_) weight->panels = {};
  return ok();
}

Status PackStream::pack(const Piece& piece, PackTarget& target) {
  TENON_TRY(std::byte * to, target.place(*piece.weight, piece.offset(), piece.bytes()));
  std::atomic<bool> fits = true;
  parallel_for(threads_, piece.end - piece.begin, kPanelsPerRange, [&](int64_t begin, int64_t end) {
    std::byte* at = to + static_cast<uint64_t>(begin) * piece.shape.panel_bytes;
    piece.for_members(piece.begin + begin, piece.begin + end, [&](size_t member, int64_t first, int64_t last) {
      if (!pack_panels(*piece.weight, member, first, last, at)) fits = false;
      at += static_cast<uint64_t>(last - first) * piece.shape.panel_bytes;
    });
  });
  piece.for_stored(give_back);
  TENON_TRY(target.take(*piece.weight, piece.offset(), {to, piece.bytes()}));
  if (!fits) misfits_.insert(piece.weight);
  done_ += piece.bytes();
  if (progress_) progress_(done_, bytes_);
  return ok();
}

}  // namespace tenon
