// Cores for threads that are not the engine's.
#pragma once

namespace unlabel {

// Has the calling thread run on any core that the process could use as this library was loaded: a new thread begins on those of the one that
// starts it, and the engine may have bound that one.
void use_any_core();

}  // namespace unlabel
