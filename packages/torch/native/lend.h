#pragma once

#include <napi.h>

namespace unlabel {

void export_lend(Napi::Env env, Napi::Object exports);

}  // namespace unlabel
