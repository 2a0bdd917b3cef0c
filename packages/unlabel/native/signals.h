// Signals while a native call lasts, in which no handler of JavaScript's can run.
#pragma once

#include <napi.h>

namespace unlabel {

void export_signals(Napi::Env env, Napi::Object exports);

}  // namespace unlabel
