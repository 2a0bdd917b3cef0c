// Where ranks meet: a key-value store that one process serves, and each one's heartbeat there.
#pragma once

#include <napi.h>

#include <torch/csrc/distributed/c10d/Store.hpp>

namespace unlabel {

void export_rendezvous(Napi::Env env, Napi::Object exports);

namespace ranks {

/// A store for a process group's own use. Throws std::invalid_argument where none is open.
c10::intrusive_ptr<c10d::Store> meeting_store();

/// Leaves the store, and stops the heartbeat.
void leave_store();

}  // namespace ranks
}  // namespace unlabel
