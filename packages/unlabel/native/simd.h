// Vector code that gives the same bits on every machine. Integer loops have an AVX2 form beside the plain one; float loops
// are compiled for AVX2 and AVX-512 too and chosen at load time. Neither contracts to fused multiply-adds (see CMakeLists.txt).
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define UNLABEL_AVX2 __attribute__((target("avx2")))
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#if __GNUC__ >= 12
#define UNLABEL_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define UNLABEL_CLONES __attribute__((target_clones("avx2", "default")))
#endif
#else
#define UNLABEL_CLONES
#endif

#define UNLABEL_INLINE inline __attribute__((always_inline))

namespace unlabel {

#ifdef UNLABEL_AVX2
inline bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
}
#endif

}  // namespace unlabel
