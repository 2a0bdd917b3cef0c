// Shapes of results on the device "meta".
#pragma once

#include <napi.h>

namespace unlabel {

void export_meta(Napi::Env env, Napi::Object exports);

}  // namespace unlabel
