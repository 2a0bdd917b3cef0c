// Collectives over LibTorch's process groups: Gloo's for all tensors, or NCCL's for those on a GPU, where the library beside this one
// could be built. Gloo ends the process where ranks send it different sizes, so what JavaScript asks for is compared first.
#include "distributed.h"

#include <ATen/ATen.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <array>
#include <memory>
#include <sstream>
#include <thread>
#include <unordered_map>

#include "convert.h"
#include "errors.h"
#include "handles.h"
#include "heap.h"
#include "rendezvous.h"

// LibTorch 2.15 has new names for two of a backend's calls, and the old ones still.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace unlabel {
namespace ranks {
namespace {

using Backend = c10::intrusive_ptr<c10d::Backend>;
using Work = c10::intrusive_ptr<c10d::Work>;
using std::chrono::milliseconds;

struct Group {
  int rank = 0;
  int size = 1;
  Backend gloo;
  Backend nccl;  // null where GPUs are served through the host
};

// Leaked on purpose, like the slot table.
std::unique_ptr<Group>& group() {
  static auto* one = new std::unique_ptr<Group>();
  return *one;
}

Group& joined() {
  if (!group()) throw std::invalid_argument("Expected a process group, got none; call initProcessGroup first");
  return *group();
}

/// A tensor as a backend can send it: dense, and on the host where nothing serves its device.
struct Sent {
  at::Tensor own;   // the caller's
  at::Tensor sent;  // what travels, the same memory where it can be
  Backend backend;

  explicit Sent(const at::Tensor& t, bool copies = true) : own(t.detach()) {
    Group& here = joined();
    backend = !t.is_cpu() && here.nccl ? here.nccl : here.gloo;
    sent = own.is_cpu() || backend == here.nccl ? own : (copies ? own.cpu() : at::empty(own.sizes(), own.options().device(at::kCPU)));
    if (!sent.is_contiguous()) sent = sent.contiguous();
  }

  /// Puts what came back where the caller has it.
  void settle() const {
    if (!sent.is_same(own) && sent.data_ptr() != own.data_ptr()) own.copy_(sent);
  }
};

struct Pending {
  Work work;
  Sent sent;
  double divisor;
};

std::unordered_map<uint32_t, Pending>& pending() {
  static auto* map = new std::unordered_map<uint32_t, Pending>();
  return *map;
}

uint32_t next_work = 1;

enum Call : int64_t { kAllReduce = 1, kBroadcast, kAllGather, kReduceScatter, kBarrier, kGatherRows };

const char* name_of(int64_t call) {
  static const std::array<const char*, 7> names{"?", "allReduce", "broadcast", "allGather", "reduceScatter", "barrier", "gatherRows"};
  return names[call >= 1 && call <= 6 ? static_cast<size_t>(call) : 0];
}

/// Every rank's call, compared before anything of its size travels: the same one on all, or an error on all.
void compare_calls(Call call, const at::Tensor& t, int64_t detail, bool same_shape = true) {
  Group& here = joined();
  if (here.size == 1) return;
  int64_t shape = 1469598103934665603;
  if (same_shape && t.defined()) {
    for (const int64_t length : t.sizes()) shape = (shape ^ length) * 1099511628211;
  }
  const std::vector<int64_t> values{call, t.defined() ? static_cast<int64_t>(t.scalar_type()) : -1, t.defined() ? t.numel() : 0, shape, detail};
  const at::Tensor all = all_gather(at::tensor(values, at::kLong)).reshape({here.size, -1});
  for (int other = 1; other < here.size; ++other) {
    if (all[other].equal(all[0])) continue;
    const auto said = [&](int rank) {
      const int64_t* row = all[rank].const_data_ptr<int64_t>();
      const std::string what = name_of(row[0]);
      if (row[1] < 0) return what + " on rank " + std::to_string(rank);
      return what + " of " + std::to_string(row[2]) + " " + dtype_name(static_cast<at::ScalarType>(row[1])) + " (option " + std::to_string(row[4]) +
             ") on rank " + std::to_string(rank);
    };
    throw std::invalid_argument("Expected the same call with the same shape on all ranks, got " + said(0) + " and " + said(other));
  }
}

const at::Tensor& tensor_of(const Napi::Value& value) {
  if (!value.IsNumber()) throw std::invalid_argument("Expected a tensor, got " + describe(value));
  return at_handle(value.As<Napi::Number>().DoubleValue());
}

struct Reduction {
  c10d::ReduceOp op;
  bool average = false;
  int64_t number = 0;
};

Reduction reduction_of(const Napi::Value& value, const at::Tensor& t) {
  const std::string name = value.ToString().Utf8Value();
  if (name == "sum") return {c10d::ReduceOp::SUM, false, 0};
  if (name == "max") return {c10d::ReduceOp::MAX, false, 1};
  if (name == "min") return {c10d::ReduceOp::MIN, false, 2};
  if (name == "product") return {c10d::ReduceOp::PRODUCT, false, 3};
  if (name == "avg") {
    if (!t.is_floating_point()) throw std::invalid_argument("Expected floating-point numbers for avg, got " + dtype_name(t.scalar_type()));
    // Gloo has none of its own in LibTorch 2.6.
    return {c10d::ReduceOp::SUM, true, 4};
  }
  throw std::invalid_argument("Expected sum, avg, max, min or product for op, got \"" + name + "\"");
}

void finish(const Pending& one) {
  one.work->wait();
  if (one.divisor != 1) one.sent.sent.div_(one.divisor);
  one.sent.settle();
}

/// initGroup(backend, library, address, interface, rank, size, timeoutMs, device): an address or an interface of this machine's
Napi::Value init_group(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    if (group()) throw std::invalid_argument("Expected no process group yet, got a second one; call destroyProcessGroup first");
    auto made = std::make_unique<Group>();
    made->rank = info[4].ToNumber();
    made->size = info[5].ToNumber();
    const milliseconds timeout(info[6].ToNumber().Int64Value());
    const std::string address = info[2].ToString().Utf8Value(), interface = info[3].ToString().Utf8Value();
    auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    if (interface.empty()) options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address));
    // Several, as torch.distributed takes them.
    std::istringstream names(interface);
    for (std::string name; std::getline(names, name, ',');) {
      if (!name.empty()) options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(name));
    }
    auto store = meeting_store();
    made->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store), made->rank, made->size, options);
    if (info[0].ToString().Utf8Value() == "nccl") {
      const std::string path = info[1].ToString().Utf8Value();
      void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) throw std::runtime_error(std::string("NCCL's library cannot be opened: ") + dlerror());
      using Make = void (*)(Backend*, const c10::intrusive_ptr<c10d::Store>*, int, int, int64_t, int);
      const auto make = reinterpret_cast<Make>(dlsym(library, "unlabel_make_nccl"));
      if (make == nullptr) throw std::runtime_error("NCCL's library " + path + " is another one's");
      const c10::intrusive_ptr<c10d::Store> own = c10::make_intrusive<c10d::PrefixStore>("nccl", store);
      make(&made->nccl, &own, made->rank, made->size, timeout.count(), info[7].ToNumber());
    }
    group() = std::move(made);
    return info.Env().Undefined();
  });
}

/// closeGroup(broken): connections are closed, so that ranks which still wait for this one hear of it
Napi::Value close_group(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    pending().clear();
    // A backend's destructor waits for what is under way, which of a broken group may last until the timeout.
    if (info[0].ToBoolean()) std::thread([gone = std::move(group())]() mutable { gone.reset(); }).detach();
    group().reset();
    return info.Env().Undefined();
  });
}

/// allReduce(tensor, op, async, compared) → the number of a work where async, to be given to waitWork
Napi::Value all_reduce(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& t = tensor_of(info[0]);
    const Reduction reduction = reduction_of(info[1], t);
    if (info[3].ToBoolean()) compare_calls(kAllReduce, t, reduction.number);
    c10d::AllreduceOptions options;
    options.reduceOp = reduction.op;
    Sent sent(t);
    std::vector<at::Tensor> tensors{sent.sent};
    Pending one{sent.backend->allreduce(tensors, options), sent, reduction.average ? static_cast<double>(joined().size) : 1.0};
    if (info[2].ToBoolean()) {
      const uint32_t number = next_work++;
      pending().emplace(number, std::move(one));
      return Napi::Number::New(info.Env(), number);
    }
    finish(one);
    follow_heap();
    return info.Env().Undefined();
  });
}

Napi::Value wait_work(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto found = pending().find(info[0].ToNumber().Uint32Value());
    if (found == pending().end()) throw std::invalid_argument("Expected a work of this process group that was not waited for yet");
    const Pending one = std::move(found->second);
    pending().erase(found);
    finish(one);
    return info.Env().Undefined();
  });
}

/// broadcast(tensor, source, compared)
Napi::Value broadcast(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& t = tensor_of(info[0]);
    const double source = info[1].ToNumber().DoubleValue();
    if (!(source >= 0) || source >= joined().size || source != static_cast<int>(source)) {
      throw std::invalid_argument("Expected a rank from 0 to " + std::to_string(joined().size - 1) + " for src, got " + describe(info[1]));
    }
    if (info[2].ToBoolean()) compare_calls(kBroadcast, t, static_cast<int64_t>(source));
    c10d::BroadcastOptions options;
    options.rootRank = static_cast<int64_t>(source);
    const Sent sent(t);
    std::vector<at::Tensor> tensors{sent.sent};
    sent.backend->broadcast(tensors, options)->wait();
    sent.settle();
    return info.Env().Undefined();
  });
}

/**
 * All ranks' tensors one after the other; the gradient of each rank's own is the sum over ranks, as in torch.distributed.nn. LibTorch's own
 * operator for that (_c10d_functional_autograd::all_gather_into_tensor) races with Gloo's thread, which writes into a tensor with a history.
 */
struct AllGather : torch::autograd::Function<AllGather> {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& own) { return ranks::all_gather(own); }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*, const torch::autograd::variable_list& grads) {
    return {ranks::reduce_scatter(grads[0])};
  }
};

Napi::Value all_gather_call(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& own = tensor_of(info[0]);
    if (own.dim() == 0) throw std::invalid_argument("Expected a tensor of one axis or more, got a scalar");
    compare_calls(kAllGather, own, 0);
    const at::Tensor all = AllGather::apply(own);
    follow_heap();
    return from_ivalue(info.Env(), all);
  });
}

/// reduceScatter(tensor, op)
Napi::Value reduce_scatter_call(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& all = tensor_of(info[0]);
    const int size = joined().size;
    if (all.dim() == 0 || all.size(0) % size != 0) {
      throw std::invalid_argument("Expected a first axis that " + std::to_string(size) + " ranks can share, got " + c10::str(all.sizes()));
    }
    const Reduction reduction = reduction_of(info[1], all);
    compare_calls(kReduceScatter, all, reduction.number);
    if (reduction.number == 0 || reduction.average) {
      at::Tensor own = ranks::reduce_scatter(all);
      if (reduction.average) own.div_(size);
      return from_ivalue(info.Env(), own);
    }
    const Sent sent(all.clone());
    c10d::AllreduceOptions options;
    options.reduceOp = reduction.op;
    std::vector<at::Tensor> tensors{sent.sent};
    sent.backend->allreduce(tensors, options)->wait();
    sent.settle();
    const int64_t rows = all.size(0) / size;
    return from_ivalue(info.Env(), sent.own.narrow(0, rows * joined().rank, rows).clone());
  });
}

Napi::Value barrier(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    compare_calls(kBarrier, at::Tensor(), 0);
    return info.Env().Undefined();
  });
}

}  // namespace

int size() { return group() ? group()->size : 1; }
int rank() { return group() ? group()->rank : 0; }

at::Tensor all_gather(const at::Tensor& own) {
  if (size() == 1) return own.detach().clone();
  const Sent sent(own);
  auto sizes = sent.sent.sizes().vec();
  sizes[0] *= size();
  at::Tensor all = at::empty(sizes, sent.sent.options());
  at::Tensor input = sent.sent;
  sent.backend->_allgather_base(all, input)->wait();
  return all.to(own.device());
}

void all_sum(at::Tensor& values) {
  if (size() == 1) return;
  const Sent sent(values);
  std::vector<at::Tensor> tensors{sent.sent};
  sent.backend->allreduce(tensors)->wait();
  sent.settle();
}

at::Tensor reduce_scatter(const at::Tensor& all) {
  if (size() == 1) return all.detach().clone();
  const int64_t rows = all.size(0) / size();
  const Sent sent(all);
  if (sent.backend == group()->nccl) {
    auto sizes = sent.sent.sizes().vec();
    sizes[0] = rows;
    at::Tensor own = at::empty(sizes, sent.sent.options());
    at::Tensor input = sent.sent;
    sent.backend->_reduce_scatter_base(own, input)->wait();
    return own;
  }
  // Gloo's own reduces all of it, too.
  at::Tensor sum = sent.sent.clone();
  std::vector<at::Tensor> tensors{sum};
  sent.backend->allreduce(tensors)->wait();
  return sum.narrow(0, rows * rank(), rows).to(all.device(), all.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
}

void compare_gather(const at::Tensor& own, int64_t views) { compare_calls(kGatherRows, own, views); }

double combine_statistics(at::Tensor& mean, at::Tensor& variance, double count) {
  if (size() == 1) return count;
  const int64_t channels = mean.numel();
  const auto precise = mean.options().dtype(at::kDouble);
  const at::Tensor own = at::cat({mean.to(at::kDouble), variance.to(at::kDouble), at::full({1}, count, precise)}).unsqueeze(0);
  const at::Tensor all = all_gather(own);
  const at::Tensor counts = all.narrow(1, 2 * channels, 1);
  const at::Tensor total = counts.sum();
  const at::Tensor means = all.narrow(1, 0, channels);
  const at::Tensor middle = (means * counts).sum(0) / total;
  // Within ranks, and between them.
  const at::Tensor spread = ((all.narrow(1, channels, channels) + (means - middle).square()) * counts).sum(0) / total;
  mean.copy_(middle);
  variance.copy_(spread);
  return total.item<double>();
}

}  // namespace ranks

void export_distributed(Napi::Env env, Napi::Object exports) {
  exports.Set("initGroup", Napi::Function::New(env, ranks::init_group, "initGroup"));
  exports.Set("closeGroup", Napi::Function::New(env, ranks::close_group, "closeGroup"));
  exports.Set("allReduce", Napi::Function::New(env, ranks::all_reduce, "allReduce"));
  exports.Set("waitWork", Napi::Function::New(env, ranks::wait_work, "waitWork"));
  exports.Set("broadcast", Napi::Function::New(env, ranks::broadcast, "broadcast"));
  exports.Set("allGather", Napi::Function::New(env, ranks::all_gather_call, "allGather"));
  exports.Set("reduceScatter", Napi::Function::New(env, ranks::reduce_scatter_call, "reduceScatter"));
  exports.Set("barrier", Napi::Function::New(env, ranks::barrier, "barrier"));
}

}  // namespace unlabel
