// Lists a folder, and asks for the sizes of many files in it at once: Node makes an object for each, which costs more than asking does,
// and asks one after the other, which on a disk over a network is what takes the time.
#include "list.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

namespace unlabel {
namespace {

// What JavaScript knows them by.
enum Kind : uint8_t { kGone = 0, kFile = 1, kFolder = 2, kLink = 3, kOther = 4 };
// Parts of a path: in no name.
constexpr char kBetween = '/';
// Fewer are asked for sooner than a thread starts.
constexpr size_t kEach = 256;
constexpr size_t kMostThreads = 8;

Kind kind_of(const struct stat& found) {
  if (S_ISREG(found.st_mode)) return kFile;
  if (S_ISDIR(found.st_mode)) return kFolder;
  return S_ISLNK(found.st_mode) ? kLink : kOther;
}

Kind kind_of(int folder, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG: return kFile;
    case DT_DIR: return kFolder;
    case DT_LNK: return kLink;
    case DT_UNKNOWN: break;
    default: return kOther;
  }
  struct stat found {};
  return fstatat(folder, entry.d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 ? kind_of(found) : kOther;
}

/// listFolder(path) → { names, kinds } of all entries, by the bytes of their names, with a slash between names; null where it cannot be listed
Napi::Value list_folder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return env.Null();
  std::vector<std::pair<std::string, Kind>> entries;
  errno = 0;
  for (const dirent* entry = readdir(folder); entry != nullptr; entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.emplace_back(name, kind_of(dirfd(folder), *entry));
    errno = 0;
  }
  const bool whole = errno == 0;
  closedir(folder);
  if (!whole) return env.Null();
  std::sort(entries.begin(), entries.end());
  std::string names;
  Napi::Uint8Array kinds = Napi::Uint8Array::New(env, entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) names += kBetween;
    names += entries[i].first;
    kinds[i] = entries[i].second;
  }
  Napi::Object listed = Napi::Object::New(env);
  listed["names"] = names;
  listed["kinds"] = kinds;
  return listed;
}

/// fileSizes(folder, names) → { sizes, kinds } of what the names there lead to, in their order; links are followed
Napi::Value file_sizes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  std::string names = info[1].As<Napi::String>().Utf8Value();
  std::vector<const char*> each;
  for (size_t at = 0; !names.empty() && at <= names.size();) {
    each.push_back(names.data() + at);
    const size_t end = std::min(names.find(kBetween, at), names.size());
    // A string ends in a zero that may be written over by one.
    names[end] = '\0';
    at = end + 1;
  }
  std::vector<double> sizes(each.size(), -1);
  std::vector<uint8_t> kinds(each.size(), kGone);
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    std::atomic<size_t> next{0};
    const auto work = [&] {
      for (size_t from = next.fetch_add(kEach); from < each.size(); from = next.fetch_add(kEach)) {
        for (size_t i = from; i < std::min(each.size(), from + kEach); ++i) {
          struct stat found {};
          if (fstatat(folder, each[i], &found, 0) != 0) continue;
          sizes[i] = static_cast<double>(found.st_size);
          kinds[i] = kind_of(found);
        }
      }
    };
    std::vector<std::thread> threads;
    try {
      while (threads.size() + 1 < std::min(kMostThreads, each.size() / kEach)) threads.emplace_back(work);
    } catch (const std::system_error&) {
      // The system gives no more: this one asks for the rest.
    }
    work();
    for (std::thread& thread : threads) thread.join();
    close(folder);
  }
  Napi::Float64Array told = Napi::Float64Array::New(env, sizes.size());
  Napi::Uint8Array shown = Napi::Uint8Array::New(env, kinds.size());
  std::copy(sizes.begin(), sizes.end(), told.Data());
  std::copy(kinds.begin(), kinds.end(), shown.Data());
  Napi::Object result = Napi::Object::New(env);
  result["sizes"] = told;
  result["kinds"] = shown;
  return result;
}

}  // namespace

void export_list(Napi::Env env, Napi::Object exports) {
  exports["listFolder"] = Napi::Function::New(env, list_folder, "listFolder");
  exports["fileSizes"] = Napi::Function::New(env, file_sizes, "fileSizes");
}

}  // namespace unlabel
