// Inline PTX stands here and in the files that this one includes, and nowhere else. Each function
// has a twin in csrc/emulate, in the file of the same name (address.cuh needs none).
#pragma once

#include <cstdint>

#include "cuda/common/address.cuh"
#include "cuda/common/mma.cuh"
#include "cuda/common/tma.cuh"
#include "cuda/common/wgmma.cuh"

namespace mt::ptx {

// ---- cp.async ---------------------------------------------------------------------------------

// Starts copying BYTES (4, 8 or 16) into shared memory; zeros if not `valid`.
template <int BYTES>
__device__ __forceinline__ void copy_async(void* shared, const void* global, bool valid = true) {
    static_assert(BYTES == 4 || BYTES == 8 || BYTES == 16, "cp.async copies 4, 8 or 16 bytes");
    if constexpr (BYTES == 16)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)),
                     "l"(global), "r"(valid ? BYTES : 0)
                     : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(shared)),
                     "l"(global), "n"(BYTES), "r"(valid ? BYTES : 0)
                     : "memory");
}
__device__ __forceinline__ void copy_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}
// Waits until at most PENDING of the groups that this thread committed are under way.
template <int PENDING>
__device__ __forceinline__ void copy_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

// ---- named barriers, register budgets -----------------------------------------------------------

__device__ __forceinline__ void named_sync(int id, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ __forceinline__ void named_arrive(int id, int threads) {
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
template <int REGISTERS>
__device__ __forceinline__ void more_registers() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(__CUDA_ARCH_FEAT_SM100_ALL)
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
#endif
}
template <int REGISTERS>
__device__ __forceinline__ void fewer_registers() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(__CUDA_ARCH_FEAT_SM100_ALL)
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
#endif
}

// ---- mbarrier -----------------------------------------------------------------------------------

__device__ __forceinline__ void barrier_init(std::uint64_t* barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)),
                 "r"(arrivals)
                 : "memory");
}
// Makes initialised mbarriers visible to the copy engine and the cluster.
__device__ __forceinline__ void fence_barrier_init() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
}
// Arrives, and makes the phase wait for that many bytes of copies as well.
__device__ __forceinline__ void barrier_expect(std::uint64_t* barrier, int bytes) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile(
        "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)),
        "r"(bytes)
        : "memory");
#endif
}
__device__ __forceinline__ void barrier_arrive(std::uint64_t* barrier) {
    asm volatile("{ .reg .b64 state; mbarrier.arrive.shared::cta.b64 state, [%0]; }" ::"r"(
                     shared_address(barrier))
                 : "memory");
}
// Waits until the phase of this parity is over.
__device__ __forceinline__ void barrier_wait(std::uint64_t* barrier, int parity) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra over;\n"
        "bra again;\n"
        "over:\n"
        "}" ::"r"(shared_address(barrier)),
        "r"(parity)
        : "memory");
#endif
}

// ---- clusters -----------------------------------------------------------------------------------

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#    define MT_CLUSTER(...) asm volatile(__VA_ARGS__)
#else
#    define MT_CLUSTER(...) unsupported()
#endif

// The block's rank in its cluster, and how many blocks that has.
__device__ __forceinline__ int cluster_rank() {
    int rank = 0;
    MT_CLUSTER("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}
__device__ __forceinline__ int cluster_size() {
    int size = 1;
    MT_CLUSTER("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
    return size;
}
// All threads of all blocks of the cluster; each arrives, and waits once for each arrival. What
// was written before an arrival is visible after the wait.
__device__ __forceinline__ void cluster_arrive() {
    MT_CLUSTER("barrier.cluster.arrive.release.aligned;" :: : "memory");
}
__device__ __forceinline__ void cluster_wait() {
    MT_CLUSTER("barrier.cluster.wait.acquire.aligned;" :: : "memory");
}
__device__ __forceinline__ void cluster_sync() {
    cluster_arrive();
    cluster_wait();
}
// What `shared` is in the shared memory of the cluster's block of that rank: to be read and written
// as any memory, while that block has not ended.
template <class T>
__device__ __forceinline__ T* peer(T* shared, int rank) {
    std::uint64_t there = 0;
    MT_CLUSTER("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(shared), "r"(rank));
    return reinterpret_cast<T*>(there);
}
// Arrives at the mbarrier in the same place of that block.
__device__ __forceinline__ void barrier_arrive_at(std::uint64_t* barrier, int rank) {
    MT_CLUSTER(
        "{\n"
        ".reg .b32 there;\n"
        "mapa.shared::cluster.u32 there, %0, %1;\n"
        "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [there];\n"
        "}" ::"r"(shared_address(barrier)),
        "r"(rank) : "memory");
}

// barrier_wait for arrivals from other blocks: what they wrote before is then visible.
__device__ __forceinline__ void barrier_wait_cluster(std::uint64_t* barrier, int parity) {
    MT_CLUSTER(
        "{\n"
        ".reg .pred done;\n"
        "again: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%0], %1;\n"
        "@done bra over;\n"
        "bra again;\n"
        "over:\n"
        "}" ::"r"(shared_address(barrier)),
        "r"(parity) : "memory");
}

#undef MT_CLUSTER

}  // namespace mt::ptx
