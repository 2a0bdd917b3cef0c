// Which operators ran, when and for how long.
#pragma once

#include <napi.h>

namespace unlabel {
void export_profile(Napi::Env env, Napi::Object exports);
}
