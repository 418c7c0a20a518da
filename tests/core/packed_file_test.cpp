// Packing piece by piece, and files of packed weights: what they hold, and when they are not used.
#include "test_blocks.hpp"

#include <tests/testing/temp_dir.hpp>

#include <tenon/base/memory.hpp>
#include <tenon/ops/packed_file.hpp>

#include <cstring>

namespace tenon::testing {
namespace {

constexpr uint64_t kPageBytes = 4096;

std::string bytes_of(const Panels& panels) {
  return {reinterpret_cast<const char*>(panels.data()), panels.bytes()};
}

// Two weights, a group and one by itself, and a file of their packed form.
struct Packed {
  Packed() {
    group.weight().name = "group", single.weight().name = "single";
    weights = {&group.weight(), &single.weight()};
  }
  Status write(const std::string& name = "packed") {
    PackedPlan plan = this->plan();
    TENON_TRY(PackedFileWriter writer, PackedFileWriter::create(dir / name, plan));
    PackStream stream(weights, threads);
    TENON_TRY(stream.run(writer));
    return writer.finish();
  }
  PackedPlan plan() const { return PackedPlan(sources, weights); }
  // Opens and checks it; what is wrong with it, without its path.
  std::string refusal(const std::string& name = "packed") {
    auto file = PackedFile::open(dir / name, plan());
    Status status = file.ok() ? file.value()->check(weights, threads, {}) : Status(file.error());
    return replaced(refusal_of(status), (dir / name).string(), "FILE");
  }
  // With a byte changed.
  std::string refusal_of_change(uint64_t at) {
    std::string content = content_of(dir / "packed");
    content[at] = static_cast<char>(content[at] ^ 1);
    dir.write("changed", content);
    return refusal("changed");
  }

  TempDir dir;
  ThreadPool threads{2};
  TestBlocks group{DType::kQ4_K, 3, 40, 512, Kept::kAsItStands},
      single{DType::kQ8_0, 1, 37, 96, Kept::kAsItStands};
  std::vector<tenon_weight*> weights;
  std::vector<SourceIdentity> sources = {{1000, 2000, 3000}, {1, 2, 3}};
};

TEST(PackedFile, HasWhatPackingMakes) {
  Packed packed;
  ASSERT_TRUE(packed.write().ok());
  auto file = PackedFile::open(packed.dir / "packed", packed.plan()).value();
  for (tenon_weight* weight : packed.weights) {
    ASSERT_TRUE(pack(*weight, packed.threads).ok());
    std::string expected = bytes_of(weight->panels);
    std::vector<std::byte> member(find_packed_shape(*weight)->member_bytes());
    ASSERT_TRUE(file->read(*weight, 0, member.data()).ok());
    EXPECT_EQ(std::memcmp(member.data(), expected.data(), member.size()), 0);
    file->map(*weight);
    EXPECT_EQ(bytes_of(weight->panels), expected) << weight->name;
  }
  EXPECT_EQ(packed.dir.names(), std::vector<std::string>{"packed"});
}

TEST(PackedFile, IsNotUsedForAnotherCheckpoint) {
  Packed packed;
  ASSERT_TRUE(packed.write().ok());
  EXPECT_EQ(packed.refusal(), "");
  const char* expected = "FILE: was made from another checkpoint, or from this one before it changed";
  for (SourceIdentity other : {SourceIdentity{1001, 2000, 3000}, {1000, 2001, 3000}, {1000, 2000, 3001}}) {
    packed.sources[0] = other;
    EXPECT_EQ(packed.refusal(), expected);
  }
}

TEST(PackedFile, IsNotUsedForOtherWeights) {
  Packed packed;
  ASSERT_TRUE(packed.write().ok());
  packed.group.weight().name = "other";
  EXPECT_EQ(packed.refusal(), "FILE: has other weights");
  packed.group.weight().name = "group";
  packed.weights.pop_back();
  EXPECT_EQ(packed.refusal(), "FILE: has other weights");
}

TEST(PackedFile, IsNotUsedIfItIsOfAnotherFormat) {
  Packed packed;
  ASSERT_TRUE(packed.write().ok());
  std::vector<PackedPlan::Part> head = packed.plan().head();
  uint64_t at = 0;
  for (const PackedPlan::Part& part : head) {
    EXPECT_EQ(packed.refusal_of_change(at), std::string("FILE: ") + part.difference);
    at += part.bytes.size();
  }
  packed.dir.write("foreign", std::string(100'000, 'x'));
  EXPECT_EQ(packed.refusal("foreign"), "FILE: is not a file of packed weights");
  packed.dir.write("empty", "");
  EXPECT_EQ(packed.refusal("empty"), "FILE: is cut short");
  EXPECT_EQ(packed.refusal("none"), "FILE: No such file or directory");
}

TEST(PackedFile, IsNotUsedIfItIsCutShortOrLonger) {
  Packed packed;
  ASSERT_TRUE(packed.write().ok());
  std::string content = content_of(packed.dir / "packed"), size = std::to_string(content.size());
  for (uint64_t length : {uint64_t{3}, uint64_t{100}, kPageBytes, content.size() / 2, content.size() - 1}) {
    packed.dir.write("cut", content.substr(0, length));
    EXPECT_NE(packed.refusal("cut").find("cut short"), std::string::npos) << length;
  }
  packed.dir.write("longer", content + "x");
  EXPECT_EQ(packed.refusal("longer"), "FILE: is " + std::to_string(content.size() + 1) +
                                          " bytes long, expected " + size +
                                          "; it is cut short or was written to");
}

TEST(PackedFile, IsNotUsedIfItIsCorrupt) {
  Packed packed;
  ASSERT_TRUE(packed.write().ok());
  PackedPlan plan = packed.plan();
  const PackedPlan::Place& group = *plan.find(packed.group.weight());
  const PackedPlan::Place& single = *plan.find(packed.single.weight());
  EXPECT_EQ(packed.refusal_of_change(group.offset + 2 * group.shape.member_bytes() + 17),
            "FILE: is corrupt: group, member 2");
  EXPECT_EQ(packed.refusal_of_change(single.offset + single.shape.bytes() - 1),
            "FILE: is corrupt: single, member 0");
  for (uint64_t at = plan.sums_offset(); at < plan.file_bytes(); at += 8)
    EXPECT_EQ(packed.refusal_of_change(at), "FILE: is corrupt: its checksums do not fit their own");
}

TEST(PackedFile, NamesTheMemberThatDoesNotFitItsSumWhenItIsRead) {
  Packed packed;
  ASSERT_TRUE(packed.write().ok());
  PackedPlan plan = packed.plan();
  uint64_t at = plan.find(packed.group.weight())->offset + 5;
  EXPECT_NE(packed.refusal_of_change(at), "");
  auto file = PackedFile::open(packed.dir / "changed", plan).value();
  std::vector<std::byte> member(plan.find(packed.group.weight())->shape.member_bytes());
  EXPECT_EQ(
      refusal_of(file->read(packed.group.weight(), 0, member.data())),
      (packed.dir / "changed").string() + ": is corrupt: group, member 0; remove it, and it is made anew");
  EXPECT_TRUE(file->read(packed.group.weight(), 1, member.data()).ok());
}

TEST(PackedFile, IsThereAsAWholeOrNotAtAll) {
  Packed packed;
  {
    PackedPlan plan = packed.plan();
    PackedFileWriter writer = PackedFileWriter::create(packed.dir / "packed", plan).value();
    PackStream stream(packed.weights, packed.threads);
    ASSERT_TRUE(stream.run(writer).ok());
    EXPECT_FALSE(std::filesystem::exists(packed.dir / "packed"));
  }
  EXPECT_EQ(packed.dir.names(), std::vector<std::string>());
  EXPECT_NE(refusal_of(packed.write("no folder/packed")), "");
}

// 72 MiB of q4_0, of which the process never has more than some pieces beside what is packed.
TEST(PackStream, GivesTheFilesPagesBack) {
  TempDir dir;
  constexpr int64_t kRows = 16384, kColumns = 8192;
  uint64_t bytes = tenon::bytes_of(DType::kQ4_0, kRows * kColumns);
  std::filesystem::resize_file(dir.write("weights", ""), bytes);
  MappedFile file = MappedFile::open(dir / "weights").value();
  tenon_weight weight;
  weight.dtype = DType::kQ4_0, weight.rows = kRows, weight.columns = kColumns;
  weight.members.push_back({file.bytes().data(), nullptr});
  ThreadPool threads(2);
  uint64_t before = find_process_memory()->of_files, most = 0, calls = 0;
  PackStream stream({&weight}, threads, [&](uint64_t done, uint64_t total) {
    EXPECT_LE(done, total);
    EXPECT_EQ(total, bytes);
    most = std::max(most, find_process_memory()->of_files), ++calls;
  });
  PackToMemory memory;
  ASSERT_TRUE(stream.run(memory).ok());
  EXPECT_EQ(weight.panels.bytes(), bytes);
  EXPECT_GE(calls, 4u);
  EXPECT_LE(most, before + bytes / 4);
}

}  // namespace
}  // namespace tenon::testing
