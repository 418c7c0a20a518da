// The checks around a plugin's call, whatever this build has switched on.
#include <tests/testing/temp_dir.hpp>

#include <tenon/model/contract.hpp>

#include <cmath>
#include <cstring>

namespace tenon::testing {
namespace {

static_assert(kContractChecks, "CMakeLists.txt compiles this test with TENON_CONTRACT_CHECKS");

constexpr int64_t kRows = 3, kColumns = 5;
constexpr uint64_t kWorkspace = 128;

// What one call of a plugin sees. The body of the call is what a test gives.
struct Call {
  std::vector<float> in = std::vector<float>(kRows * kColumns, 1.5f),
                     out = std::vector<float>(kRows * kColumns);
  std::vector<std::byte> workspace = std::vector<std::byte>(kWorkspace + kGuardBytes);
  Matrix x{in.data(), kRows, kColumns}, y{out.data(), kRows, kColumns};

  void write_all() { std::fill(out.begin(), out.end(), 2.0f); }
};

template <class Body>
std::string verdict(Body&& body) {
  Call call;
  ContractCheck check(call.x, call.y, call.workspace.data(), kWorkspace);
  body(call);
  return refusal_of(check.verify("layer 3: mixer"));
}

TEST(Contract, IsContentWithAPluginThatKeepsIt) {
  EXPECT_EQ(verdict([](Call& call) {
              call.write_all();
              std::memset(call.workspace.data(), 0xff, kWorkspace);
            }),
            "");
}

TEST(Contract, NamesAnOutputThatIsNotWritten) {
  EXPECT_EQ(verdict([](Call&) {}),
            "layer 3: mixer: row 0, column 0 of its output is not finite or not written");
  EXPECT_EQ(verdict([](Call& call) {
              float kept = call.y.row(2)[4];
              call.write_all();
              call.y.row(2)[4] = kept;
            }),
            "layer 3: mixer: row 2, column 4 of its output is not finite or not written");
}

TEST(Contract, NamesAnOutputThatIsNotFinite) {
  for (float bad : {NAN, INFINITY, -INFINITY})
    EXPECT_EQ(verdict([&](Call& call) {
                call.write_all();
                call.y.row(1)[3] = bad;
              }),
              "layer 3: mixer: row 1, column 3 of its output is not finite or not written");
}

TEST(Contract, NamesAChangedInput) {
  for (int64_t at : {int64_t{0}, kRows * kColumns - 1})
    EXPECT_EQ(verdict([&](Call& call) {
                call.write_all();
                call.in[at] = std::nextafterf(call.in[at], 9.0f);
              }),
              "layer 3: mixer: changed its input, which only the core may change");
}

TEST(Contract, NamesAWritePastTheWorkspace) {
  for (uint64_t past : {uint64_t{0}, kGuardBytes - 1})
    EXPECT_EQ(verdict([&](Call& call) {
                call.write_all();
                call.workspace[kWorkspace + past] ^= std::byte{1};
              }),
              "layer 3: mixer: wrote past the workspace that it planned");
}

TEST(Contract, FailsAsABugNotAsBadInput) {
  Call call;
  ContractCheck check(call.x, call.y, call.workspace.data(), kWorkspace);
  Status status = check.verify("mixer");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, TENON_INTERNAL);
}

TEST(Contract, AcceptsAStepWithoutRows) {
  std::vector<std::byte> guard(kGuardBytes);
  ContractCheck check(Matrix(nullptr, 0, kColumns), Matrix(nullptr, 0, kColumns), guard.data(), 0);
  EXPECT_EQ(refusal_of(check.verify("mixer")), "");
}

}  // namespace
}  // namespace tenon::testing
