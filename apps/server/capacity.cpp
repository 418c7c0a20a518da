#include <apps/server/capacity.hpp>

#include <tenon/base/memory.hpp>
#include <tenon/base/text.hpp>
#include <tenon/weights/checkpoint.hpp>

#include <fmt/format.h>

namespace tenon {
namespace {

constexpr uint32_t kContexts[] = {1024, 4096, 16384, 65536, 262144, 1048576};

std::string sequences_line(uint32_t tokens, uint64_t bytes, const Assembly& assembly) {
  uint64_t fit = assembly.cache_layout().plan.pool_bytes / std::max<uint64_t>(bytes, 1);
  uint64_t together = std::min<uint64_t>(fit, assembly.limits().sequences_max);
  return fmt::format("  {:>9} tokens  {:>10}  {:>6} in the cache, {} in a step\n", format_count(tokens),
                     format_bytes(bytes), format_count(fit), together);
}

}  // namespace

Result<std::string> capacity_report(const Assembly& assembly) {
  const ModelDescription& description = assembly.description();
  // Opened for what it says of itself: files that are missing, cut short or contradict each other.
  if (description.weights.path) TENON_TRY(Checkpoint::open(*description.weights.path));
  uint64_t weights = assembly.totals().bytes, pool = assembly.cache_layout().plan.pool_bytes;
  uint64_t available = available_memory(), needed = pool + assembly.workspace_bytes();
  std::string text = fmt::format("{}\n", description.name);
  text += fmt::format("weights      {}, mapped\n", format_bytes(weights));
  text += fmt::format("cache        {}, pages of {} tokens\n", format_bytes(pool),
                      assembly.cache_layout().plan.page_tokens);
  text += fmt::format("workspace    {}\n", format_bytes(assembly.workspace_bytes()));
  text += fmt::format("memory       {} available\n", format_bytes(available));
  text += fmt::format("longest      {} tokens, prompt and answer\n", format_count(assembly.tokens_max()));
  text += "sequences\n";
  for (uint32_t tokens : kContexts) {
    if (tokens > assembly.tokens_max()) break;
    TENON_TRY(uint64_t bytes, assembly.sequence_bytes(tokens));
    text += sequences_line(tokens, bytes, assembly);
  }
  if (needed > available || weights > available - needed)
    return Error{TENON_OUT_OF_MEMORY,
                 fmt::format("{}: does not fit: weights {}, cache {} and workspace {}, "
                             "available {}; a smaller --memory makes the cache smaller",
                             description.name, format_bytes(weights), format_bytes(pool),
                             format_bytes(assembly.workspace_bytes()), format_bytes(available))};
  return text + "it fits\n";
}

}  // namespace tenon
