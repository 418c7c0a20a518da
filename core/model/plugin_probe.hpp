// Loading an unknown plugin in a child process first: one that crashes, hangs or eats memory does it there.
#pragma once
#include <tenon/model/plugin_file.hpp>

namespace tenon {

// Runs `validator --probe` on the open file under limits of time (2 s of processor, 5 s in all), memory (2 GiB)
// and open files. Fails with what became of it: the signal, the time-out, or the validator's own words.
Status probe_plugin(const PluginFile& file, const std::string& name, const std::filesystem::path& validator);

}  // namespace tenon
