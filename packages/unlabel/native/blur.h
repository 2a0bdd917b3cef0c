// Gaussian blur of planes of floats: weights sampled at whole pixels and normalised, edges reflected, as torchvision's.
#pragma once

#include <vector>

namespace unlabel {

// `planes` holds a plane a channel, each of width × height values and a block (vectors.h) more; `kernel` is odd, and less than twice
// the sides.
void blur(std::vector<float>& planes, int channels, int width, int height, float sigma, int kernel);

}  // namespace unlabel
