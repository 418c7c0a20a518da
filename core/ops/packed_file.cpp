#include <tenon/ops/packed_file.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/checksum.hpp>
#include <tenon/ops/ops.hpp>

#include <atomic>
#include <cstring>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[] = "TENONPK";  // and its zero: 8 bytes
constexpr uint32_t kVersion = 1;
// To be raised when panels come to mean something else although kPanelLayouts stays what it is.
constexpr uint32_t kLayoutRevision = 1;
// Which instruction sets the panels are for: all of them read the same.
constexpr char kInstructionSets[] = "any";
constexpr uint64_t kAlignment = 4096;

template <class Number>
std::string bytes_of_number(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}
std::string bytes_of_text(const std::string& text) {
  return bytes_of_number(static_cast<uint64_t>(text.size())) + text;
}
std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// Of the panels of a member, or some of them, after those before.
uint64_t sum_of(std::span<const std::byte> panels, uint64_t panel_bytes, uint64_t sum = 0) {
  for (uint64_t at = 0; at < panels.size(); at += panel_bytes)
    sum = joined_checksum(sum, checksum_of(panels.subspan(at, panel_bytes)));
  return sum;
}

uint64_t sum_of(const std::vector<PackedPlan::Part>& head, std::span<const uint64_t> sums) {
  uint64_t sum = 0;
  for (const PackedPlan::Part& part : head) sum = joined_checksum(sum, checksum_of(bytes_of(part.bytes)));
  return joined_checksum(sum, checksum_of(std::as_bytes(sums)));
}

std::string layout_bytes() {
  std::string bytes =
      bytes_of_number(kLayoutRevision) + bytes_of_number(kPanelRows) + bytes_of_number(kGroupInputs);
  for (const PanelLayout& layout : kPanelLayouts)
    for (int32_t number : {layout.groups, layout.spans, layout.bits, layout.zero, int32_t{layout.has_minima},
                           int32_t{layout.has_exponents}, static_cast<int32_t>(layout.table), layout.head_bytes,
                           layout.scale_bytes, layout.tile_bytes})
      bytes += bytes_of_number(number);
  return bytes;
}

std::string source_bytes(std::span<const SourceIdentity> sources) {
  std::string bytes = bytes_of_number(static_cast<uint64_t>(sources.size()));
  for (const SourceIdentity& source : sources)
    bytes +=
        bytes_of_number(source.bytes) + bytes_of_number(source.changed_ns) + bytes_of_number(source.header);
  return bytes;
}

std::string weight_bytes(const tenon_weight& weight, const PackedPlan::Place& place) {
  return bytes_of_text(weight.name) + bytes_of_text(name_of(weight.dtype)) + bytes_of_number(weight.rows) +
         bytes_of_number(weight.columns) + bytes_of_number(place.shape.members) + bytes_of_number(place.offset);
}

}  // namespace

fs::path packed_file_of(const fs::path& checkpoint) {
  std::error_code ignored;
  if (fs::is_directory(checkpoint, ignored)) return checkpoint / "model.tenon-packed";
  return fs::path(checkpoint) += ".tenon-packed";
}

// Offsets count from the first weight, so that the head's length need not be known to write it.
PackedPlan::PackedPlan(std::span<const SourceIdentity> sources, std::span<tenon_weight* const> weights) {
  std::string table;
  uint64_t at = 0;
  for (const tenon_weight* weight : weights) {
    auto shape = find_packed_shape(*weight);
    if (!shape || places_.contains(weight->name)) continue;
    Place place{at, sum_count_, *shape};
    table += weight_bytes(*weight, place);
    places_.emplace(weight->name, place);
    at = round_up(at + shape->bytes(), kAlignment);
    sum_count_ += static_cast<uint64_t>(shape->members);
  }
  head_ = {{std::string(kMagic, sizeof kMagic), "is not a file of packed weights"},
           {bytes_of_number(kVersion), "is of another version of the format"},
           {layout_bytes(), "has weights in another layout"},
           {bytes_of_text(kInstructionSets), "is for other instruction sets"},
           {source_bytes(sources), "was made from another checkpoint, or from this one before it changed"},
           {bytes_of_text(table), "has other weights"}};
  uint64_t head_bytes = 0;
  for (const Part& part : head_) head_bytes += part.bytes.size();
  uint64_t begin = round_up(head_bytes, kAlignment);
  for (auto& [name, place] : places_) place.offset += begin;
  sums_offset_ = begin + at;
}

const PackedPlan::Place* PackedPlan::find(const tenon_weight& weight) const {
  auto found = places_.find(weight.name);
  return found == places_.end() ? nullptr : &found->second;
}

Result<PackedFileWriter> PackedFileWriter::create(const fs::path& path, const PackedPlan& plan) {
  TENON_TRY(NewFile file, NewFile::create(path));
  PackedFileWriter writer(std::move(file), plan);
  for (const PackedPlan::Part& part : plan.head()) TENON_TRY(writer.write(bytes_of(part.bytes)));
  return writer;
}

PackedFileWriter::PackedFileWriter(NewFile file, const PackedPlan& plan)
    : file_(std::move(file)), plan_(plan), sums_(plan.sum_count()) {}

Result<std::byte*> PackedFileWriter::place(tenon_weight& weight, uint64_t offset, uint64_t bytes) {
  if (offset == 0) TENON_TRY(pad_to(plan_.find(weight)->offset));
  piece_.resize(std::max<size_t>(piece_.size(), bytes));
  return piece_.data();
}

Status PackedFileWriter::take(tenon_weight& weight, uint64_t offset, std::span<const std::byte> piece) {
  const PackedPlan::Place& place = *plan_.find(weight);
  for (uint64_t at = 0; at < piece.size(); at += place.shape.panel_bytes) {
    uint64_t& sum = sums_[place.first_sum + (offset + at) / place.shape.member_bytes()];
    sum = sum_of(piece.subspan(at, place.shape.panel_bytes), place.shape.panel_bytes, sum);
  }
  return write(piece);
}

Status PackedFileWriter::finish() {
  TENON_TRY(pad_to(plan_.sums_offset()));
  TENON_TRY(write(std::as_bytes(std::span(sums_))));
  uint64_t sum = sum_of(plan_.head(), sums_);
  TENON_TRY(write(std::as_bytes(std::span(&sum, 1))));
  return file_.commit();
}

Status PackedFileWriter::pad_to(uint64_t offset) {
  static constexpr std::byte kZeros[kAlignment] = {};
  return write({kZeros, offset - at_});
}

Status PackedFileWriter::write(std::span<const std::byte> bytes) {
  at_ += bytes.size();
  return file_.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<std::unique_ptr<PackedFile>> PackedFile::open(const fs::path& path, PackedPlan plan) {
  TENON_TRY(MappedFile mapped, MappedFile::open(path));
  std::unique_ptr<PackedFile> file(new PackedFile(std::move(mapped), std::move(plan)));
  TENON_TRY(file->check_head());
  TENON_TRY(file->check_sums());
  return file;
}

Error PackedFile::differs(const std::string& what) const { return invalid(path().string() + ": " + what); }

Status PackedFile::check_head() const {
  std::span<const std::byte> bytes = file_.bytes();
  uint64_t at = 0;
  for (const PackedPlan::Part& part : plan_.head()) {
    if (bytes.size() - at < part.bytes.size()) return differs("is cut short");
    if (std::memcmp(bytes.data() + at, part.bytes.data(), part.bytes.size()) != 0)
      return differs(part.difference);
    at += part.bytes.size();
  }
  if (bytes.size() == plan_.file_bytes()) return ok();
  return differs("is " + std::to_string(bytes.size()) + " bytes long, expected " +
                 std::to_string(plan_.file_bytes()) + "; it is cut short or was written to");
}

Status PackedFile::check_sums() {
  sums_.resize(plan_.sum_count());
  uint64_t sum = 0;
  const std::byte* at = file_.bytes().data() + plan_.sums_offset();
  std::memcpy(sums_.data(), at, sums_.size() * sizeof(uint64_t));
  std::memcpy(&sum, at + sums_.size() * sizeof(uint64_t), sizeof sum);
  return sum == sum_of(plan_.head(), sums_) ? ok() : differs("is corrupt: its checksums do not fit their own");
}

std::span<const std::byte> PackedFile::member_of(const PackedPlan::Place& place, int64_t member) const {
  uint64_t bytes = place.shape.member_bytes();
  return file_.bytes().subspan(place.offset + static_cast<uint64_t>(member) * bytes, bytes);
}

Status PackedFile::check(std::span<tenon_weight* const> weights, ThreadPool& threads,
                         const PackProgress& progress) const {
  uint64_t done = 0, total = 0;
  for (const tenon_weight* weight : weights)
    if (const PackedPlan::Place* place = plan_.find(*weight)) total += place->shape.bytes();
  for (const tenon_weight* weight : weights) {
    const PackedPlan::Place* place = plan_.find(*weight);
    if (!place) continue;
    std::atomic<int64_t> wrong{-1};
    read_ahead(file_.bytes().subspan(place->offset, place->shape.bytes()));
    parallel_for(threads, place->shape.members, 1, [&](int64_t begin, int64_t end) {
      for (int64_t e = begin; e < end; ++e)
        if (sum_of(member_of(*place, e), place->shape.panel_bytes) !=
            sums_[place->first_sum + static_cast<uint64_t>(e)])
          wrong = e;
    });
    if (wrong >= 0) return differs("is corrupt: " + weight->name + ", member " + std::to_string(wrong));
    if (progress) progress(done += place->shape.bytes(), total);
  }
  return ok();
}

void PackedFile::map(tenon_weight& weight) const {
  const PackedPlan::Place& place = *plan_.find(weight);
  weight.panels = Panels(file_.bytes().subspan(place.offset, place.shape.bytes()));
}

Status PackedFile::read(const tenon_weight& weight, int64_t member, std::byte* to) const {
  const PackedPlan::Place& place = *plan_.find(weight);
  std::span<std::byte> panels{to, place.shape.member_bytes()};
  TENON_TRY(file_.read(place.offset + static_cast<uint64_t>(member) * panels.size(), panels));
  if (sum_of(panels, place.shape.panel_bytes) == sums_[place.first_sum + static_cast<uint64_t>(member)])
    return ok();
  return Error{TENON_IO, path().string() + ": is corrupt: " + weight.name + ", member " +
                             std::to_string(member) + "; remove it, and it is made anew"};
}

}  // namespace tenon
