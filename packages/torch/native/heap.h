// Memory for large tensors that is not given back between steps, on huge pages.
#pragma once

#include <napi.h>

namespace unlabel {

/// Asks for huge pages on whatever the heap has grown by. Cheap where it has not.
void follow_heap();

void export_heap(Napi::Env env, Napi::Object exports);

}  // namespace unlabel
