// Keys and salts. The rest of who is let in is in access_test.py.
#include <apps/server/http/gate.hpp>
#include <apps/server/http/listener.hpp>

#include <gtest/gtest.h>

namespace tenon::http {
namespace {

TEST(KeyRing, FindsAKeysNumber) {
  KeyRing keys;
  ASSERT_TRUE(keys.add("first", "test").ok());
  ASSERT_TRUE(keys.add("second", "test").ok());
  EXPECT_EQ(keys.find("first"), 0u);
  EXPECT_EQ(keys.find("second"), 1u);
  for (const char* other : {"", "firs", "first ", "First", "firstsecond"})
    EXPECT_FALSE(keys.find(other)) << other;
}

TEST(KeyRing, GivesEachKeyASaltThatStays) {
  KeyRing keys, other;
  for (const char* key : {"first", "second"}) ASSERT_TRUE(keys.add(key, "test").ok());
  ASSERT_TRUE(other.add("second", "test").ok());
  EXPECT_NE(keys.salt_of(0), keys.salt_of(1));
  EXPECT_EQ(keys.salt_of(1), other.salt_of(0));
  EXPECT_NE(keys.salt_of(0), 0u);
}

TEST(Gate, MarksRequestsWithTheirTenant) {
  GateOptions options;
  for (const char* key : {"first", "second"}) ASSERT_TRUE(options.keys.add(key, "test").ok());
  uint64_t salt = options.keys.salt_of(1);
  Gate gate(std::move(options));
  Request request;
  request.headers.add("authorization", "Bearer second");
  EXPECT_FALSE(gate.check_key(Access::kKey, request));
  EXPECT_EQ(request.tenant, 1u);
  EXPECT_EQ(request.salt, salt);
}

TEST(Gate, SharesEverythingWhereNoKeysAreUsed) {
  Gate gate({});
  Request request;
  EXPECT_FALSE(gate.check_key(Access::kKey, request));
  EXPECT_EQ(request.salt, 0u);
}

TEST(Listener, KnowsWhatOthersCanReach) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "10.0.0.1", "::", "::ffff:10.0.0.1", "localhost.example", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace tenon::http
