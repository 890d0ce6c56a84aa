// Instruction sets: every file below csrc/cpu is compiled once for each of them.
//
// setup.py passes MT_ISA, the name, and the compiler flags. All code of a variant lives in
// the namespace of that name, so the variants stand side by side in one module.
#pragma once

// X(name, whether this CPU can run it), the best first.
#ifdef MT_HAS_AVX2
#    define MT_ISA_AVX2(X) X(avx2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#    define MT_ISA_AVX2(X)
#endif
#define MT_FOR_EACH_ISA(X) MT_ISA_AVX2(X) X(generic, true)
