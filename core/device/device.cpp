#include <tenon/base/isa.hpp>
#include <tenon/base/text.hpp>
#include <tenon/device/device.hpp>

#include <unistd.h>

#include <algorithm>
#include <thread>

namespace tenon {
namespace {

DeviceInfo processor() {
  uint64_t memory =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  return {"cpu", std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") + name_of(widest_isa()),
          memory};
}

}  // namespace

std::vector<DeviceInfo> list_devices() {
  std::vector<DeviceInfo> devices = {processor()};
  auto others = cuda::list_devices();
  if (others.ok()) devices.insert(devices.end(), others.value().begin(), others.value().end());
  return devices;
}

Result<DeviceInfo> get_device(const std::string& name) {
  if (name == "cpu") return processor();
  if (!name.starts_with("cuda:"))
    return invalid("device: is \"" + printable(name) + "\", expected \"cpu\" or \"cuda:\" and a number");
  TENON_TRY(std::vector<DeviceInfo> devices, cuda::list_devices());
  for (const DeviceInfo& device : devices)
    if (device.name == name) return device;
  return Error{TENON_UNSUPPORTED, "device: is \"" + printable(name) + "\", this machine has only " +
                                      std::to_string(devices.size()) + " CUDA devices"};
}

}  // namespace tenon
