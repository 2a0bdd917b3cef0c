// Folders and sizes of files, many at once.
#pragma once

#include <napi.h>

namespace unlabel {

void export_list(Napi::Env env, Napi::Object exports);

}  // namespace unlabel
