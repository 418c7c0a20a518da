// Requests of HTTP, read at once and byte by byte: both must come to the same.
#include <apps/server/http/parser.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

using tenon::http::Limits;
using tenon::http::Parser;

// Small, so that inputs reach them.
Limits make_limits() {
  Limits limits;
  limits.body_bytes_max = 512, limits.headers_max = 8;
  limits.header_bytes_max = 512, limits.line_bytes_max = 128;
  return limits;
}

// Returns how many bytes it took.
size_t feed(Parser& parser, std::string_view bytes, size_t piece) {
  size_t taken = 0;
  while (taken < bytes.size() && parser.stage() <= Parser::Stage::kBody)
    taken += parser.feed(bytes.substr(taken, piece));
  return taken;
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const Limits limits = make_limits();
  Parser whole(limits), pieces(limits);
  size_t taken = feed(whole, bytes, size), taken_in_pieces = feed(pieces, bytes, 1);
  require(whole.stage() == pieces.stage());
  require(taken == taken_in_pieces);
  require(whole.request().path == pieces.request().path && whole.request().body == pieces.request().body);
  require(whole.request().body.size() <= limits.body_bytes_max);
  require(whole.request().headers.size() <= limits.headers_max);
  if (whole.stage() == Parser::Stage::kFailed)
    require(whole.error().status >= 400 && whole.error().status == pieces.error().status);
  return 0;
}
