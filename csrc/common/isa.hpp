// Instruction sets: every file below csrc/cpu is compiled once for each of them.
//
// setup.py passes MT_ISA, the name, and the compiler flags. All code of a variant lives in
// the namespace of that name, so the variants stand side by side in one module.
#pragma once

// X(name, whether this CPU can run it), the best first.
#define MT_RUNS_AVX2 (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#ifdef MT_HAS_AVX512
#    define MT_RUNS_AVX512                                                           \
        (MT_RUNS_AVX2 && __builtin_cpu_supports("avx512f") &&                        \
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && \
         __builtin_cpu_supports("avx512bw"))
#    define MT_ISA_AVX512(X) X(avx512, MT_RUNS_AVX512)
#else
#    define MT_ISA_AVX512(X)
#endif
#ifdef MT_HAS_WIDE  // AVX-512's vectors and tiles in AVX2's instructions, for tests alone
#    define MT_ISA_WIDE(X) X(wide, MT_RUNS_AVX2)
#else
#    define MT_ISA_WIDE(X)
#endif
#ifdef MT_HAS_AVX2
#    define MT_ISA_AVX2(X) X(avx2, MT_RUNS_AVX2)
#else
#    define MT_ISA_AVX2(X)
#endif
// What every CPU of the architecture has: NEON belongs to each 64-bit ARM.
#ifdef MT_HAS_NEON
#    define MT_ISA_BASE(X) X(neon, true)
#else
#    define MT_ISA_BASE(X) X(generic, true)
#endif
#define MT_FOR_EACH_ISA(X) MT_ISA_AVX512(X) MT_ISA_WIDE(X) MT_ISA_AVX2(X) MT_ISA_BASE(X)
