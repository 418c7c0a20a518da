// tenon-server --check: what a model takes and how much of it fits, from its description and headers alone.
#pragma once
#include <tenon/model/assembly.hpp>

#include <string>

namespace tenon {

// Of an assembly without weights. Fails with TENON_OUT_OF_MEMORY, and the numbers, if the weights and the cache
// are more than this machine has.
Result<std::string> capacity_report(const Assembly& assembly);

}  // namespace tenon
