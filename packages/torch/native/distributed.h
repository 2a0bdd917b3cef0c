// The process group: what ranks send each other. Other operators of ours ask here whether they share their batch.
#pragma once

#include <ATen/core/Tensor.h>
#include <napi.h>

namespace unlabel {

void export_distributed(Napi::Env env, Napi::Object exports);
void export_shared_batch(Napi::Env env, Napi::Object exports);

namespace ranks {

/// Processes of the group; 1 where there is none.
int size();
int rank();

/// All ranks' tensors one after the other along the first axis: `[n, …]` → `[size · n, …]`. All must have the same shape.
at::Tensor all_gather(const at::Tensor& own);

/// Adds up over ranks, in place. All must have the same shape.
void all_sum(at::Tensor& values);

/// Each rank's part of the sum over ranks: `[size · n, …]` → `[n, …]`.
at::Tensor reduce_scatter(const at::Tensor& all);

/**
 * The mean and the variance (over their number) of all ranks' values, a channel each, from those of each rank's own `count` values; in place.
 * Returns how many values a channel there are in all.
 */
double combine_statistics(at::Tensor& mean, at::Tensor& variance, double count);

/// Throws on all ranks where they do not gather as many rows of one dtype.
void compare_gather(const at::Tensor& own, int64_t views);

}  // namespace ranks
}  // namespace unlabel
