#include <tenon/device/device.hpp>

#include <cuda_runtime.h>

namespace tenon::cuda {

Result<std::vector<DeviceInfo>> list_devices() {
  int count = 0;
  if (cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess)
    return Error{TENON_UNSUPPORTED,
                 std::string("device: CUDA has no device here: ") + cudaGetErrorString(error)};
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    devices.push_back({"cuda:" + std::to_string(i),
                       std::string(properties.name) + ", compute capability " +
                           std::to_string(properties.major) + "." + std::to_string(properties.minor),
                       properties.totalGlobalMem});
  }
  return devices;
}

}  // namespace tenon::cuda
