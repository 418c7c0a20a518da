// tenon devices: what a model can run on here.
#include "command.hpp"

#include <tenon/base/text.hpp>
#include <tenon/device/device.hpp>

#include <cstdio>

namespace tenon::cli {
namespace {

Result<int> run_devices() {
  for (const DeviceInfo& device : list_devices())
    std::printf("%-8s %-12s %s\n", device.name.c_str(), format_bytes(device.memory_bytes).c_str(),
                device.description.c_str());
  if (auto cuda = cuda::list_devices(); !cuda.ok()) std::printf("no CUDA: %s\n", cuda.error().text.c_str());
  return 0;
}

}  // namespace

void add_devices(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("devices", "List what a model can run on here");
  command->callback([&chosen] { chosen = run_devices; });
}

}  // namespace tenon::cli
