// Stands in for Gloo's header of this name, which LibTorch's ProcessGroupGloo.hpp includes and its packages leave out.
#pragma once
