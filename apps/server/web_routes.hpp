// The page for a browser: `/` and `/web/{file}`.
#pragma once
#include <apps/server/http/router.hpp>

namespace tenon {

// Open to all, as the files tell nothing of anybody's requests; what the page then asks for needs the key that
// is typed into it. Headers forbid it scripts and styles that are not its own files, and to be shown in a
// frame.
void add_web_routes(http::Router& router);

}  // namespace tenon
