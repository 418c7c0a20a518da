// The packed weights of a model in a file, so that the next load maps them instead of packing again, and all
// processes that load the model share them.
//
//     head       magic, version, layout, instruction sets, source files, weights: see head_of in the .cpp file
//     weights    each at a multiple of 4,096 bytes: its members' panels, as panel_layout.hpp draws them
//     sums       a checksum for each member, then one of head and sums
//
// All that a file must say is known before it is opened: head and size are compared with what they would be if
// it were made now, not interpreted. So a file of another source, version or layout, or one that was cut short,
// is not used; nor is one whose sums do not fit.
//
// Thread: [control], but for read, which any thread may call.
#pragma once
#include <tenon/base/file.hpp>
#include <tenon/base/mapped_file.hpp>
#include <tenon/ops/pack_stream.hpp>
#include <tenon/weights/tensor_file.hpp>

#include <optional>

namespace tenon {

// Beside a checkpoint: DIR/model.tenon-packed, or FILE.tenon-packed.
std::filesystem::path packed_file_of(const std::filesystem::path& checkpoint);

// What a file of packed weights must say, and where in it everything is.
class PackedPlan {
 public:
  // sources: of the checkpoint. weights: in the order in which they are packed; those that have no packed shape
  // are left out.
  PackedPlan(std::span<const SourceIdentity> sources, std::span<tenon_weight* const> weights);

  // A part of the head, and what it tells if it differs.
  struct Part {
    std::string bytes;
    const char* difference;
  };
  struct Place {
    uint64_t offset, first_sum;  // of the weight's bytes in the file, and of its members' sums among all
    PackedShape shape;
  };

  const std::vector<Part>& head() const { return head_; }
  uint64_t sums_offset() const { return sums_offset_; }
  uint64_t sum_count() const { return sum_count_; }
  uint64_t file_bytes() const { return sums_offset_ + (sum_count_ + 1) * sizeof(uint64_t); }
  // Nothing for a weight that is not in the file.
  const Place* find(const tenon_weight& weight) const;

 private:
  std::vector<Part> head_;
  std::map<std::string, Place, std::less<>> places_;  // by the weight's name
  uint64_t sums_offset_ = 0, sum_count_ = 0;
};

// Makes a file, atomically: nobody sees it before finish().
class PackedFileWriter final : public PackTarget {
 public:
  static Result<PackedFileWriter> create(const std::filesystem::path& path, const PackedPlan& plan);

  Result<std::byte*> place(tenon_weight& weight, uint64_t offset, uint64_t bytes) override;
  Status take(tenon_weight& weight, uint64_t offset, std::span<const std::byte> piece) override;
  // REQUIRES: all weights of the plan are there
  Status finish();

 private:
  PackedFileWriter(NewFile file, const PackedPlan& plan);
  Status pad_to(uint64_t offset);
  Status write(std::span<const std::byte> bytes);

  NewFile file_;
  const PackedPlan& plan_;
  std::vector<std::byte> piece_;
  std::vector<uint64_t> sums_;
  uint64_t at_ = 0;
};

// A file that is what the plan says, mapped.
class PackedFile {
 public:
  // Fails with TENON_INVALID, naming the file and what differs, if it is not; with TENON_IO if it cannot be
  // read. Weights' bytes are not looked at yet.
  static Result<std::unique_ptr<PackedFile>> open(const std::filesystem::path& path, PackedPlan plan);

  // Compares the sums of these weights, reading all of them, by all threads. Fails like open.
  Status check(std::span<tenon_weight* const> weights, ThreadPool& threads, const PackProgress& progress) const;
  // Has the weight's panels in the mapping. REQUIRES: it is in the plan
  void map(tenon_weight& weight) const;
  // One member's panels into memory, without the mapping; its sum is compared. Any thread.
  Status read(const tenon_weight& weight, int64_t member, std::byte* to) const;

  const std::filesystem::path& path() const { return file_.path(); }

 private:
  PackedFile(MappedFile file, PackedPlan plan) : file_(std::move(file)), plan_(std::move(plan)) {}
  Status check_head() const;
  Status check_sums();
  Error differs(const std::string& what) const;
  std::span<const std::byte> member_of(const PackedPlan::Place& place, int64_t member) const;

  MappedFile file_;
  PackedPlan plan_;
  std::vector<uint64_t> sums_;
};

}  // namespace tenon
