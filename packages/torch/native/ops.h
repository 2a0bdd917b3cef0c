// op(name), call(id, ...args), schemas(): the boxed dispatcher.
#pragma once

#include <napi.h>

namespace unlabel {
void export_ops(Napi::Env env, Napi::Object exports);
}
