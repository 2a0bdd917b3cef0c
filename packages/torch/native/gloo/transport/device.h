// Stands in for Gloo's header of this name: LibTorch makes devices, and they are only pointed to.
#pragma once

namespace gloo::transport {

class Device;
class UnboundBuffer;

}  // namespace gloo::transport
