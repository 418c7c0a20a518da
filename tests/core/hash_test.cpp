#include <tests/testing/temp_dir.hpp>

#include <tenon/base/hash.hpp>

#include <set>
#include <string>

namespace tenon::testing {
namespace {

uint64_t hash_of(std::string_view text, size_t piece) {
  Hash64 hash;
  for (size_t at = 0; at < text.size(); at += piece) hash.add(text.substr(at, piece));
  return hash.value();
}

TEST(Hash64, DoesNotDependOnHowBytesAreCut) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7);
  for (size_t piece : {1, 3, 7, 8, 9, 64, 999}) EXPECT_EQ(hash_of(text, piece), hash_of(text, 1000)) << piece;
}

TEST(Hash64, TellsEveryBitAndEveryLength) {
  std::set<uint64_t> seen;
  for (size_t length = 0; length < 40; ++length) seen.insert(hash_of(std::string(length, '\0'), 8));
  for (int bit = 0; bit < 320; ++bit) {
    std::string text(40, '\0');
    text[static_cast<size_t>(bit / 8)] = static_cast<char>(1 << bit % 8);
    seen.insert(hash_of(text, 8));
  }
  EXPECT_EQ(seen.size(), 40u + 320);
}

}  // namespace
}  // namespace tenon::testing
