// What several processes that share a batch compute as one would: batch normalisation over all of it, and rows of all its images for a
// loss that sets them against each other. With one process both are as if they were not there.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "convert.h"
#include "distributed.h"
#include "errors.h"
#include "handles.h"
#include "heap.h"

namespace unlabel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Values of a channel as what broadcasts over `[B, C, …]`.
at::Tensor by_channel(const at::Tensor& values, const at::Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = values.numel();
  return values.reshape(shape);
}

using Optional = std::optional<at::Tensor>;

bool is_half(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf; }

at::Tensor precise(const at::Tensor& x) { return is_half(x) ? x.to(at::kFloat) : x; }

struct SyncBatchNorm : torch::autograd::Function<SyncBatchNorm> {
  // Function::apply takes no undefined tensors.
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const Optional& weight, const Optional& bias,
                            const Optional& running_mean, const Optional& running_var, double momentum, double eps) {
    // Statistics in float32 at least: on the CPU they would have the type of the values.
    auto [mean, variance] = at::batch_norm_update_stats(precise(x), std::nullopt, std::nullopt, 0);
    const double total = ranks::combine_statistics(mean, variance, static_cast<double>(x.numel() / x.size(1)));
    if (running_mean && running_var) {
      running_mean->mul_(1 - momentum).add_(mean.to(running_mean->scalar_type()), momentum);
      running_var->mul_(1 - momentum).add_(variance.to(running_var->scalar_type()), momentum * total / (total - 1));
    }
    ctx->save_for_backward({x, weight.value_or(at::Tensor()), mean, variance});
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["total"] = total;
    return at::batch_norm(x, weight, bias, mean, variance, /*training=*/false, 0, eps, at::globalContext().userEnabledCuDNN());
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "batch normalisation over ranks has no second derivative");
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3];
    const double eps = ctx->saved_data["eps"].toDouble(), total = ctx->saved_data["total"].toDouble();
    const at::Tensor inverse = (variance + eps).rsqrt();
    const at::Tensor grad = grads[0].contiguous(x.suggest_memory_format());
    // As if the statistics were given: the gradient of each value by itself, and both sums over this rank's values. On a GPU one of the kernels
    // asks for the saved pair all the same, and another for a weight.
    const at::Tensor factor = weight.defined() ? weight : at::ones_like(mean);
    auto [direct, dot, sum] = at::native_batch_norm_backward(grad, x, factor, mean, variance, mean, inverse, /*train=*/false, eps, {true, true, true});
    const int64_t channels = mean.numel();
    at::Tensor sums = at::cat({sum.to(at::kDouble), dot.to(at::kDouble)});
    ranks::all_sum(sums);
    // Then what the statistics pass on: a·x + b a channel.
    const at::Tensor scale = (weight.defined() ? weight * inverse : inverse).to(at::kDouble) / total;
    const at::Tensor a = scale * inverse * sums.narrow(0, channels, channels);
    const at::Tensor b = scale * sums.narrow(0, 0, channels) - mean * a;
    at::Tensor dx = precise(direct);
    dx.addcmul_(precise(x), by_channel(a.to(dx.scalar_type()), x), -1).sub_(by_channel(b.to(dx.scalar_type()), x));
    dx = dx.to(x.scalar_type());
    const at::Tensor none;
    return {dx, weight.defined() ? dot : none, weight.defined() ? sum : none, none, none, none, none};
  }
};

Optional optional_tensor(const Napi::Value& value) {
  return value.IsNumber() ? Optional(at_handle(value.As<Napi::Number>().DoubleValue())) : std::nullopt;
}

/// syncBatchNorm(x, weight, bias, runningMean, runningVar, momentum, eps), null where there is none
Napi::Value sync_batch_norm(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& x = at_handle(info[0].ToNumber().DoubleValue());
    const at::Tensor y = SyncBatchNorm::apply(x, optional_tensor(info[1]), optional_tensor(info[2]), optional_tensor(info[3]),
                                              optional_tensor(info[4]), info[5].ToNumber().DoubleValue(), info[6].ToNumber().DoubleValue());
    follow_heap();
    return from_ivalue(info.Env(), y);
  });
}

/**
 * Rows of all ranks' images, view-major: `[V · B, D]` of each → `[V · size · B, D]`, in the order of one process's batch. For what every rank
 * computes alike from them: its own rows' gradient then has all of the loss in it, and is multiplied by the number of ranks, since
 * gradients of parameters will be averaged.
 */
struct GatherRows : torch::autograd::Function<GatherRows> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& own, int64_t views) {
    const int64_t images = own.size(0) / views, size = ranks::size();
    ctx->saved_data["views"] = views;
    auto rest = own.sizes().slice(1).vec();
    std::vector<int64_t> apart{size, views, images};
    apart.insert(apart.end(), rest.begin(), rest.end());
    return ranks::all_gather(own).reshape(apart).transpose(0, 1).reshape([&] {
      std::vector<int64_t> together{size * own.size(0)};
      together.insert(together.end(), rest.begin(), rest.end());
      return together;
    }());
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const int64_t views = ctx->saved_data["views"].toInt(), size = ranks::size();
    const at::Tensor& all = grads[0];
    const int64_t images = all.size(0) / views / size;
    std::vector<at::Tensor> own;
    for (int64_t view = 0; view < views; ++view) own.push_back(all.narrow(0, (view * size + ranks::rank()) * images, images));
    return {at::cat(own).mul_(static_cast<double>(size)), at::Tensor()};
  }
};

/// gatherRows(tensor, views)
Napi::Value gather_rows(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const at::Tensor& own = at_handle(info[0].ToNumber().DoubleValue());
    const int64_t views = info[1].ToNumber().Int64Value();
    if (own.dim() == 0 || views < 1 || own.size(0) % views != 0) {
      throw std::invalid_argument("Expected rows of " + std::to_string(views) + " views of images, got " + c10::str(own.sizes()));
    }
    if (ranks::size() == 1) return from_ivalue(info.Env(), own);
    ranks::compare_gather(own, views);
    const at::Tensor all = GatherRows::apply(own, views);
    follow_heap();
    return from_ivalue(info.Env(), all);
  });
}

}  // namespace

void export_shared_batch(Napi::Env env, Napi::Object exports) {
  exports.Set("syncBatchNorm", Napi::Function::New(env, sync_batch_norm, "syncBatchNorm"));
  exports.Set("gatherRows", Napi::Function::New(env, gather_rows, "gatherRows"));
}

}  // namespace unlabel
