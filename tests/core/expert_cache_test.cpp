// Experts that are read when they are needed: the same bits with any memory, and what happens when a read
// fails.
#include "expert_inputs.hpp"
#include "test_blocks.hpp"

#include <tenon/ops/expert_cache.hpp>

#include <array>
#include <deque>
#include <optional>

namespace tenon::testing {
namespace {

constexpr int64_t kModel = 256, kInner = 512;
constexpr uint32_t kMembers = 6;
constexpr uint64_t kWhole = UINT64_MAX;

struct Types {
  DType gate, up, down;
};

// A mixture in memory, and another whose members are in a file, which a cache reads.
class Mixture {
 public:
  Mixture(Types types, Kept kept) : kept_(kept) {
    make(types, Kept::kAsItStands);
    std::string content;
    for (const TestBlocks* blocks : blocks_of()) content += stored_of(blocks->weight());
    dir_.write("experts", content);
    file_.emplace(MappedFile::open(dir_ / "experts").value());
    const std::byte* member = file_->bytes().data();
    for (const TestBlocks* blocks : blocks_of()) {
      const tenon_weight& from = blocks->weight();
      tenon_weight& weight = cached_.emplace_back();
      weight.name = std::to_string(cached_.size());
      weight.dtype = from.dtype, weight.rows = from.rows, weight.columns = from.columns;
      for (uint32_t e = 0; e < kMembers; ++e, member += member_bytes(weight))
        weight.members.push_back({member, nullptr});
    }
    make(types, kept);
  }

  Result<std::unique_ptr<ExpertCache>> read_with(uint64_t bytes, const PackedFile* packed = nullptr) {
    std::vector<ExpertCache::Group> groups;
    uint64_t offset = 0;
    for (tenon_weight& weight : cached_) {
      weight.cached.reset();
      ExpertCache::Group& group = groups.emplace_back(ExpertCache::Group{&weight, {}});
      for (uint32_t e = 0; e < kMembers; ++e, offset += member_bytes(weight))
        group.places.push_back({&*file_, offset});
    }
    return ExpertCache::make(std::move(groups), {bytes, kept_ == Kept::kPacked, packed});
  }

  std::unique_ptr<PackedFile> write_packed() {
    std::vector<tenon_weight*> weights;
    for (tenon_weight& weight : cached_) weights.push_back(&weight);
    PackedPlan plan({}, weights);
    PackedFileWriter writer = PackedFileWriter::create(dir_ / "packed", plan).value();
    EXPECT_TRUE(PackStream(weights, threads).run(writer).ok() && writer.finish().ok());
    return PackedFile::open(dir_ / "packed", plan).value();
  }

  Experts in_memory() const { return {gate_->weight(), up_->weight(), down_->weight(), kModel, kInner}; }
  Experts cached() const { return {cached_[0], cached_[1], cached_[2], kModel, kInner}; }
  std::filesystem::path path() const { return dir_ / "experts"; }
  std::filesystem::path packed_path() const { return dir_ / "packed"; }

  ThreadPool threads{2};
  DenseOps ops{widest_isa(), threads};

 private:
  static uint64_t member_bytes(const tenon_weight& weight) {
    return bytes_of(weight.dtype, static_cast<uint64_t>(weight.rows * weight.columns));
  }
  static std::string stored_of(const tenon_weight& weight) {
    return {reinterpret_cast<const char*>(weight.members[0].data), kMembers * member_bytes(weight)};
  }
  void make(Types types, Kept kept) {
    gate_.emplace(types.gate, kMembers, kInner, kModel, kept);
    up_.emplace(types.up, kMembers, kInner, kModel, kept, 20);
    down_.emplace(types.down, kMembers, kModel, kInner, kept, 40);
  }
  std::array<const TestBlocks*, 3> blocks_of() const { return {&*gate_, &*up_, &*down_}; }

  Kept kept_;
  TempDir dir_;
  std::optional<TestBlocks> gate_, up_, down_;
  std::optional<MappedFile> file_;
  std::deque<tenon_weight> cached_;
};

constexpr Types kSameSize{DType::kQ4_0, DType::kQ4_0, DType::kQ4_0};
constexpr Types kTwoSizes{DType::kQ4_K, DType::kQ4_K, DType::kQ6_K};

// How many bytes one expert takes at least, by what is refused.
uint64_t least_bytes(Mixture& mixture) {
  std::string refusal = refusal_of(mixture.read_with(1)), words = "must be at least ";
  return std::stoull(refusal.substr(refusal.find(words) + words.size()));
}

void expect_same_bits(Mixture& mixture, uint64_t bytes, const PackedFile* packed) {
  auto cache = mixture.read_with(bytes, packed).value();
  for (int32_t tokens : {1, 17, 100}) {
    Routing routing(tokens);
    std::vector<float> x = random_values(tokens * kModel, 3);
    EXPECT_EQ(run(mixture.ops, mixture.cached(), routing, x), run(mixture.ops, mixture.in_memory(), routing, x))
        << bytes << " bytes, " << tokens << " tokens";
  }
  ExpertCacheStats stats = cache->stats();
  EXPECT_GT(stats.misses, 0u);
  EXPECT_GT(stats.bytes_read, 0u);
  EXPECT_LE(stats.bytes, bytes);
}

TEST(ExpertCache, GivesTheSameBitsWithAnyMemory) {
  for (Types types : {kSameSize, kTwoSizes})
    for (Kept kept : {Kept::kAsItStands, Kept::kPacked}) {
      Mixture mixture(types, kept);
      uint64_t least = least_bytes(mixture);
      for (uint64_t bytes : {least, least * 4 / 3, least * 2, least * 3, kWhole})
        expect_same_bits(mixture, bytes, nullptr);
    }
}

TEST(ExpertCache, ReadsFromAFileOfPackedWeights) {
  for (Types types : {kSameSize, kTwoSizes}) {
    Mixture mixture(types, Kept::kPacked);
    auto packed = mixture.write_packed();
    for (uint64_t bytes : {least_bytes(mixture), kWhole}) expect_same_bits(mixture, bytes, packed.get());
  }
}

TEST(ExpertCache, ServesGroupedProductsToo) {
  Mixture mixture(kSameSize, Kept::kPacked);
  Routing routing(17);
  std::vector<float> x = random_values(routing.rows() * kModel, 5);
  for (uint64_t bytes : {least_bytes(mixture), kWhole}) {
    auto cache = mixture.read_with(bytes).value();
    std::vector<float> expected(routing.rows() * kInner), y(expected.size());
    const int32_t* starts = routing.row_start.data();
    ASSERT_TRUE(
        mixture.ops
            .grouped_linear(mixture.in_memory().gate, starts, matrix(x, kModel), matrix(expected, kInner))
            .ok());
    ASSERT_TRUE(
        mixture.ops.grouped_linear(mixture.cached().gate, starts, matrix(x, kModel), matrix(y, kInner)).ok());
    EXPECT_EQ(y, expected);
  }
}

TEST(ExpertCache, RefusesMemoryThatDoesNotHoldOneExpert) {
  Mixture mixture(kSameSize, Kept::kAsItStands);
  // 131,072 elements at 18 bytes for 32.
  EXPECT_EQ(
      refusal_of(mixture.read_with(221'183)),
      "weights.expert_cache_bytes: is 221183, must be at least 221184, which is one expert; all of them take "
      "1327104");
  EXPECT_EQ(refusal_of(mixture.read_with(221'184)), "");
}

TEST(ExpertCache, ReadsNothingTwiceThatStaysInMemory) {
  Mixture mixture(kSameSize, Kept::kPacked);
  auto cache = mixture.read_with(kWhole).value();
  std::vector<float> x = random_values(17 * kModel, 3);
  run(mixture.ops, mixture.cached(), Routing(17), x);
  ExpertCacheStats first = cache->stats();
  EXPECT_EQ(first.hits, 0u);
  EXPECT_EQ(first.misses, 3 * 4u);  // members 1 and 3 have no rows
  EXPECT_EQ(first.bytes_read, 12 * 73'728u);
  run(mixture.ops, mixture.cached(), Routing(17), x);
  EXPECT_EQ(cache->stats().hits, 12u);
  EXPECT_EQ(cache->stats().bytes_read, first.bytes_read);
}

// One token that goes to one member.
Routing to_member(int32_t member) {
  Routing routing(0);
  for (int32_t e = member; e < static_cast<int32_t>(kMembers); ++e) routing.row_start[e + 1] = 1;
  routing.token_of_row = {0}, routing.factor_of_row = {0.5f};
  return routing;
}

TEST(ExpertCache, TheLeastRecentlyUsedGivesWay) {
  Mixture mixture(kSameSize, Kept::kPacked);
  auto cache = mixture.read_with(2 * least_bytes(mixture)).value();
  std::vector<float> x = random_values(kModel, 3);
  auto misses_of = [&](int32_t member) {
    uint64_t before = cache->stats().misses;
    run(mixture.ops, mixture.cached(), to_member(member), x);
    return cache->stats().misses - before;
  };
  EXPECT_EQ(misses_of(0), 3u);
  EXPECT_EQ(misses_of(1), 3u);
  EXPECT_EQ(misses_of(0), 0u);
  EXPECT_EQ(misses_of(2), 3u);  // in place of 1
  EXPECT_EQ(misses_of(0), 0u);
  EXPECT_EQ(misses_of(1), 3u);
}

std::vector<float> try_run(Mixture& mixture, const Routing& routing, std::string* refusal) {
  std::vector<float> x = random_values(17 * kModel, 3), y(x.size());
  AlignedBuffer scratch = AlignedBuffer::allocate(16 << 20, "scratch").value();
  tenon_expert_mlp job = job_of(mixture.cached(), routing);
  job.x = tensor_of(matrix(x, kModel)), job.y = tensor_of(matrix(y, kModel)), job.scratch = scratch.data();
  *refusal = refusal_of(mixture.ops.expert_mlp(job));
  return y;
}

TEST(ExpertCache, AFailedReadEndsTheOperationAloneAndNamesTheFile) {
  for (int times : {1, 2, 4}) {
    Mixture mixture(kSameSize, Kept::kPacked);
    auto cache = mixture.read_with(times * least_bytes(mixture)).value();
    std::string content = content_of(mixture.path()), refusal;
    std::filesystem::resize_file(mixture.path(), content.size() / 2);
    for (int i = 0; i < 2; ++i) {
      try_run(mixture, Routing(17), &refusal);
      EXPECT_EQ(refusal,
                mixture.path().string() + ": was cut short while in use; expected it to stay as it was opened");
    }
    std::ofstream(mixture.path(), std::ios::binary) << content;
    EXPECT_EQ(try_run(mixture, Routing(17), &refusal),
              run(mixture.ops, mixture.in_memory(), Routing(17), random_values(17 * kModel, 3)));
    EXPECT_EQ(refusal, "");
  }
}

TEST(ExpertCache, ACorruptMemberIsNotUsed) {
  Mixture mixture(kSameSize, Kept::kPacked);
  auto packed = mixture.write_packed();
  auto cache = mixture.read_with(kWhole, packed.get()).value();
  std::string content = content_of(mixture.packed_path()), refusal;
  content[content.size() / 4] ^= 1;
  std::ofstream(mixture.packed_path(), std::ios::binary) << content;
  try_run(mixture, Routing(17), &refusal);
  EXPECT_TRUE(refusal.starts_with(mixture.packed_path().string() + ": is corrupt: ")) << refusal;
}

}  // namespace
}  // namespace tenon::testing
