// Random numbers, threads, devices, the linked library.
#pragma once

#include <napi.h>

namespace unlabel {
void export_runtime(Napi::Env env, Napi::Object exports);
}
