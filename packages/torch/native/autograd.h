// Backward and grad, grad mode, autocast.
#pragma once

#include <napi.h>

namespace unlabel {
void export_autograd(Napi::Env env, Napi::Object exports);
}
