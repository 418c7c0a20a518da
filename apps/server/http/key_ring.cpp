#include <apps/server/http/key_ring.hpp>

#include <tenon/base/file.hpp>

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace tenon::http {
namespace {

constexpr uint64_t kFileBytesMax = 1 << 20;
constexpr size_t kKeyBytesMax = 512;

std::array<unsigned char, 32> hash_of(std::string_view text) {
  std::array<unsigned char, 32> hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

}  // namespace

Status KeyRing::read(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    return invalid("--api-key-file: " + path + " can be read by others, expected mode 0600");
  TENON_TRY(std::string text, read_file(path, kFileBytesMax));
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1, ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    TENON_TRY(add(line, "--api-key-file: " + path + ":" + std::to_string(number)));
  }
  if (is_empty()) return invalid("--api-key-file: " + path + " has no key in it, expected one per line");
  return ok();
}

Status KeyRing::add(std::string_view key, const std::string& who) {
  bool is_visible = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (key.empty() || key.size() > kKeyBytesMax || !is_visible)
    return invalid(who + ": expected a key of 1 to 512 visible ASCII characters");
  Hash hash = hash_of(key);
  if (std::find(hashes_.begin(), hashes_.end(), hash) != hashes_.end())
    return invalid(who + ": the key is there twice");
  hashes_.push_back(hash);
  return ok();
}

std::optional<uint32_t> KeyRing::find(std::string_view key) const {
  Hash hash = hash_of(key);
  std::optional<uint32_t> found;
  for (uint32_t i = 0; i < hashes_.size(); ++i)
    if (CRYPTO_memcmp(hashes_[i].data(), hash.data(), hash.size()) == 0) found = i;
  return found;
}

uint64_t KeyRing::salt_of(uint32_t tenant) const {
  // Hashed once more: a salt may be seen where a hash that is compared with must not.
  const Hash& of = hashes_[tenant];
  Hash again = hash_of("tenon prefix cache salt " + std::string(of.begin(), of.end()));
  uint64_t salt;
  std::memcpy(&salt, again.data(), sizeof salt);
  return salt;
}

}  // namespace tenon::http
