#include <tenon/device/device.hpp>

namespace tenon::cuda {

Result<std::vector<DeviceInfo>> list_devices() {
  return Error{TENON_UNSUPPORTED, "device: this build is without CUDA, expected one made with the preset cuda"};
}

}  // namespace tenon::cuda
