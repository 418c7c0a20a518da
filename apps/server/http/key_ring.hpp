// The API keys that are let in. Each is a tenant; its number is its place in the list.
#pragma once
#include <tenon/sdk/result.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::http {

// Keeps SHA-256 hashes, never a key. Thread: any, once it is filled.
class KeyRing {
 public:
  // One key per line; empty lines and lines that begin with # do not count. Fails with TENON_INVALID if group
  // or others may read the file, if a key has other than 1 to 512 visible ASCII characters, or if none is in
  // it.
  Status read(const std::string& path);
  // who: where the key comes from, for errors; they never show the key.
  Status add(std::string_view key, const std::string& who);

  bool is_empty() const { return hashes_.empty(); }
  size_t size() const { return hashes_.size(); }
  // The number of this key. Looks at every byte of every hash, whatever it finds.
  std::optional<uint32_t> find(std::string_view key) const;
  // A number that others cannot guess, the same from run to run.
  uint64_t salt_of(uint32_t tenant) const;

 private:
  using Hash = std::array<unsigned char, 32>;
  std::vector<Hash> hashes_;
};

}  // namespace tenon::http
