// What a model can run on. Names are as descriptions spell them: "cpu", "cuda:0".
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <vector>

namespace tenon {

struct DeviceInfo {
  std::string name;         // "cuda:0"
  std::string description;  // "NVIDIA H200, compute capability 9.0"
  uint64_t memory_bytes;    // in all
};

// The processor, then every CUDA device that this build and this machine's driver can use. [control]
std::vector<DeviceInfo> list_devices();

// The device of this name. Fails with a sentence: built without CUDA, no driver, no such device. [control]
Result<DeviceInfo> get_device(const std::string& name);

// The CUDA side of the two above: in cuda_device.cu, or in no_cuda_device.cpp in builds without CUDA.
namespace cuda {
// Fails with why there is none.
Result<std::vector<DeviceInfo>> list_devices();
}  // namespace cuda

}  // namespace tenon
