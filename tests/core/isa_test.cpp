#include <tests/testing/temp_dir.hpp>

#include <tenon/base/isa.hpp>

#include <cstdlib>

namespace tenon::testing {
namespace {

// TENON_ISA for the length of a scope; NULL: not set.
class IsaVariable {
 public:
  explicit IsaVariable(const char* word) {
    const char* before = std::getenv("TENON_ISA");
    if (before) before_ = before;
    set(word);
  }
  ~IsaVariable() { set(before_.empty() ? nullptr : before_.c_str()); }

 private:
  static void set(const char* word) { word ? setenv("TENON_ISA", word, 1) : unsetenv("TENON_ISA"); }

  std::string before_;
};

TEST(Isa, IsTheWidestUnlessAskedOtherwise) {
  for (const char* word : {static_cast<const char*>(nullptr), ""}) {
    IsaVariable variable(word);
    auto isa = chosen_isa();
    ASSERT_TRUE(isa.ok());
    EXPECT_EQ(isa.value(), widest_isa());
  }
}

TEST(Isa, TakesEveryWordThatTheProcessorCanKeep) {
  for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    IsaVariable variable(name_of(isa));
    auto chosen = chosen_isa();
    if (isa <= widest_isa()) {
      ASSERT_TRUE(chosen.ok()) << name_of(isa);
      EXPECT_EQ(chosen.value(), isa);
    } else {
      ASSERT_FALSE(chosen.ok()) << name_of(isa);
      EXPECT_EQ(chosen.error().code, TENON_UNSUPPORTED);
      EXPECT_EQ(chosen.error().text, std::string("TENON_ISA: is ") + name_of(isa) +
                                         ", but this processor goes only up to " + name_of(widest_isa()));
    }
  }
}

TEST(Isa, RefusesOtherWords) {
  for (const char* word : {"AVX2", "avx", "sse", "2", "avx2 ", "unknown"}) {
    IsaVariable variable(word);
    auto chosen = chosen_isa();
    ASSERT_FALSE(chosen.ok()) << word;
    EXPECT_EQ(chosen.error().code, TENON_INVALID);
    EXPECT_EQ(chosen.error().text, std::string("TENON_ISA: is ") + word + ", expected scalar, avx2 or avx512");
  }
  IsaVariable variable("\x1b[2J");
  EXPECT_EQ(refusal_of(chosen_isa()), "TENON_ISA: is \\x1b[2J, expected scalar, avx2 or avx512");
}

}  // namespace
}  // namespace tenon::testing
