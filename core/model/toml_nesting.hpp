// How deep a TOML text nests, found before it is parsed: the parser builds one table per dot of a key, and
// takes them down again by recursion, so that a line of dots would exhaust the stack.
#pragma once
#include <optional>
#include <string_view>

namespace tenon {

// The offset of the first key or bracket that stands more than depth_max deep. Parts of a key (a.b.c) count as
// much as open brackets and braces; what stands in strings and comments does not count. Nothing for text that
// is not TOML: the parser will say so.
std::optional<size_t> find_deep_nesting(std::string_view text, int depth_max);

}  // namespace tenon
