// The small parts of core/base: checked arithmetic, buffers, checks.
#include <tests/testing/temp_dir.hpp>

#include <tenon/base/aligned_buffer.hpp>
#include <tenon/base/check.hpp>
#include <tenon/base/checked.hpp>
#include <tenon/base/checksum.hpp>
#include <tenon/base/log.hpp>
#include <tenon/base/memory.hpp>

#include <csignal>

namespace tenon::testing {
namespace {

TEST(Checked, SumsAndProductsThatDoNotFitAreNothing) {
  EXPECT_EQ(checked_add(UINT64_MAX - 1, 1), UINT64_MAX);
  EXPECT_EQ(checked_add(UINT64_MAX, 1), std::nullopt);
  EXPECT_EQ(checked_multiply(uint64_t{1} << 32, (uint64_t{1} << 32) - 1), UINT64_MAX - UINT32_MAX);
  EXPECT_EQ(checked_multiply(uint64_t{1} << 32, uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(checked_multiply(UINT64_MAX, 0), 0u);
}

std::optional<uint64_t> elements(std::vector<int64_t> shape) { return checked_elements(shape); }

TEST(Checked, ElementsOfAShape) {
  EXPECT_EQ(elements({}), 1u);
  EXPECT_EQ(elements({3, 4, 5}), 60u);
  EXPECT_EQ(elements({3, 0, 5}), 0u);
  EXPECT_EQ(elements({3, -1}), std::nullopt);
  EXPECT_EQ(elements({INT64_MAX, 2}), uint64_t{INT64_MAX} * 2);
  EXPECT_EQ(elements({INT64_MAX, 3}), std::nullopt);
  EXPECT_EQ(elements({INT64_MIN}), std::nullopt);
}

TEST(Checked, RoundsUpToAMultiple) {
  EXPECT_EQ(round_up(0, 64), 0u);
  EXPECT_EQ(round_up(1, 64), 64u);
  EXPECT_EQ(round_up(64, 64), 64u);
  EXPECT_EQ(round_up(65, 3), 66u);
}

uint64_t checksum(const std::vector<std::byte>& bytes) { return checksum_of(bytes); }

TEST(Checksum, ChangesWithEveryByteAndTheLength) {
  std::vector<std::byte> bytes(201);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7);
  uint64_t sum = checksum(bytes);
  for (std::byte& byte : bytes) {
    byte ^= std::byte{0x10};
    EXPECT_NE(checksum(bytes), sum);
    byte ^= std::byte{0x10};
  }
  EXPECT_EQ(checksum(bytes), sum);
  EXPECT_NE(checksum(std::vector<std::byte>(64)), checksum(std::vector<std::byte>(128)));
  EXPECT_NE(checksum(std::vector<std::byte>(1)), checksum({}));
}

TEST(Checksum, OfPartsDependsOnTheirOrder) {
  EXPECT_NE(joined_checksum(joined_checksum(0, 1), 2), joined_checksum(joined_checksum(0, 2), 1));
  EXPECT_NE(joined_checksum(0, 1), joined_checksum(joined_checksum(0, 1), 0));
}

TEST(Memory, CountsWhatThisProcessHas) {
  constexpr uint64_t kBytes = 64 << 20;
  ProcessMemory before = find_process_memory().value();
  {
    AlignedBuffer buffer = AlignedBuffer::allocate(kBytes, "test").value();
    std::fill(buffer.data(), buffer.data() + kBytes, std::byte{1});
    EXPECT_GE(find_process_memory()->own, before.own + kBytes);
  }
  ProcessMemory after = find_process_memory().value();
  EXPECT_LT(after.own, before.own + kBytes / 2);
  EXPECT_GE(after.peak, before.own + kBytes);
  EXPECT_GT(after.of_files, 0u);
}

TEST(AlignedBuffer, IsZeroedAndAligned) {
  auto buffer = AlignedBuffer::allocate(100'001, "test");
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(buffer.value().bytes(), 100'001u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.value().data()) % 64, 0u);
  EXPECT_TRUE(std::all_of(buffer.value().data(), buffer.value().data() + 100'001,
                          [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(AlignedBuffer, MovesWithItsMemory) {
  AlignedBuffer buffer = AlignedBuffer::allocate(64, "test").value();
  std::byte* data = buffer.data();
  data[63] = std::byte{7};
  AlignedBuffer other = std::move(buffer);
  EXPECT_EQ(other.data(), data);
  EXPECT_EQ(other.data()[63], std::byte{7});
  buffer = AlignedBuffer::allocate(0, "nothing").value();
  EXPECT_EQ(buffer.data(), nullptr);
}

TEST(AlignedBuffer, NamesItsPurposeWhenMemoryIsNotToBeHad) {
  for (uint64_t bytes : {UINT64_MAX, uint64_t{1} << 60}) {
    auto buffer = AlignedBuffer::allocate(bytes, "cache pool");
    ASSERT_FALSE(buffer.ok());
    EXPECT_EQ(buffer.error().code, TENON_OUT_OF_MEMORY);
    EXPECT_TRUE(buffer.error().text.starts_with("cache pool: ")) << buffer.error().text;
    EXPECT_TRUE(buffer.error().text.ends_with(" TiB are not to be had")) << buffer.error().text;
  }
}

TEST(CheckDeathTest, AbortsWithTheConditionAndTheValues) {
  int heads = 3;
  EXPECT_EXIT(TENON_CHECK(heads == 4, "heads is {}", heads), ::testing::KilledBySignal(SIGABRT),
              "tenon: bug: .*base_test.cpp:[0-9]+: heads == 4 does not hold: heads is 3");
  EXPECT_EXIT(TENON_CHECK(heads == 4), ::testing::KilledBySignal(SIGABRT), "heads == 4 does not hold\n");
}

TEST(Memory, IsMoreThanNothing) { EXPECT_GT(available_memory(), 1u << 20); }

TEST(Log, KnowsItsLevels) {
  for (const char* level : {"trace", "debug", "info", "warning", "error", "off"})
    EXPECT_TRUE(set_up_log(level)) << level;
  for (const char* level : {"", "loud", "INFO", "on"}) EXPECT_FALSE(set_up_log(level)) << level;
}

}  // namespace
}  // namespace tenon::testing
