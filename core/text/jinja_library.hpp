// Finds and loads libtenon_jinja.so, which brings Python along.
#pragma once
#include <tenon/text/jinja/engine.hpp>

namespace tenon {

// Loads it on the first call; later calls return the same. It is looked for beside libtenon_core.so and in
// tenon/ below that, nowhere else. Fails with what to install. Any thread.
const Result<const jinja::Engine*>& get_jinja_engine();

}  // namespace tenon
