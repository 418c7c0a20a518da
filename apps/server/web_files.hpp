// The files of the page, as the build found them in apps/server/web. embed.cmake there writes the body.
#pragma once
#include <span>
#include <string_view>

namespace tenon {

struct WebFile {
  std::string_view name;   // "index.html"
  std::string_view tag;    // for the header ETag, with its quotes; another one for other bytes
  std::string_view bytes;  // the whole program's life
};

// Thread: any.
std::span<const WebFile> web_files();

}  // namespace tenon
