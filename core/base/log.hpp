// The engine's log, on standard error. Standard output belongs to results.
#pragma once
#include <spdlog/spdlog.h>

namespace tenon {

// Any thread. Level and form are set once by set_up_log; before that, warnings only.
spdlog::logger& log();

// level: trace, debug, info, warning, error or off. Returns false if it is none of these.
bool set_up_log(const std::string& level);

}  // namespace tenon
