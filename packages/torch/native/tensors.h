// Typed arrays in and out, metadata, lifetimes.
#pragma once

#include <napi.h>

namespace unlabel {
void export_tensors(Napi::Env env, Napi::Object exports);
}
