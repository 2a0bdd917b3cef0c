// How long OpenMP's threads look for work before they sleep.
#pragma once

#include <napi.h>

namespace unlabel {

void export_spin(Napi::Env env, Napi::Object exports);

}  // namespace unlabel
