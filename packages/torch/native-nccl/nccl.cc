// Makes NCCL's process group for the bridge, which opens this library for `backend: "nccl"` alone. What is thrown here crosses as a C++
// exception: both are built by one compiler against one LibTorch.
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <chrono>

/// Puts a connected process group for tensors of one GPU into `made`.
extern "C" __attribute__((visibility("default"))) void unlabel_make_nccl(c10::intrusive_ptr<c10d::Backend>* made,
                                                                         const c10::intrusive_ptr<c10d::Store>* store, int rank, int size,
                                                                         int64_t timeout_ms, int device) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = std::chrono::milliseconds(timeout_ms);
  auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(*store, rank, size, options);
  const at::Device gpu(at::kCUDA, static_cast<c10::DeviceIndex>(device));
  group->setBoundDeviceId(gpu);
  // Connects now, so that a GPU or a network that is not there is heard of before training.
  group->eagerConnectSingleDevice(gpu);
  *made = group;
}
