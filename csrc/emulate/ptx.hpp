// What csrc/cuda/common/ptx.cuh offers, on the emulated device.
#pragma once

#include "emulate/cuda.hpp"
#include "emulate/mma.hpp"
#include "emulate/tma.hpp"
#include "emulate/wgmma.hpp"

namespace mt::ptx {

// ---- cp.async ---------------------------------------------------------------------------------

template <int BYTES>
void copy_async(void* shared, const void* global, bool valid = true, MT_HERE) {
    static_assert(BYTES == 4 || BYTES == 8 || BYTES == 16, "cp.async copies 4, 8 or 16 bytes");
    emu::copy_async(shared, global, BYTES, valid ? BYTES : 0, where);
}
inline void copy_commit() {
    emu::copy_commit();
}
template <int PENDING>
void copy_wait() {
    emu::copy_wait(PENDING);
}

// ---- named barriers, register budgets -----------------------------------------------------------

inline void named_sync(int id, int threads, MT_HERE) {
    emu::named_barrier(id, threads, true, where);
}
inline void named_arrive(int id, int threads, MT_HERE) {
    emu::named_barrier(id, threads, false, where);
}
template <int REGISTERS>
void more_registers() {}
template <int REGISTERS>
void fewer_registers() {}

// ---- mbarrier -----------------------------------------------------------------------------------

inline void barrier_init(std::uint64_t* barrier, int arrivals, MT_HERE) {
    emu::barrier_init(barrier, arrivals, where);
}
inline void fence_barrier_init() {}
inline void barrier_expect(std::uint64_t* barrier, int bytes, MT_HERE) {
    emu::barrier_arrive(barrier, 1, bytes, where);
}
inline void barrier_arrive(std::uint64_t* barrier, MT_HERE) {
    emu::barrier_arrive(barrier, 1, 0, where);
}
inline void barrier_wait(std::uint64_t* barrier, int parity, MT_HERE) {
    emu::barrier_wait(barrier, parity, where);
}

// ---- clusters -----------------------------------------------------------------------------------

inline int cluster_rank() {
    return emu::cluster_rank();
}
inline int cluster_size() {
    return emu::cluster_size();
}
inline void cluster_arrive(MT_HERE) {
    emu::cluster_arrive(where);
}
inline void cluster_wait(MT_HERE) {
    emu::cluster_wait(where);
}
inline void cluster_sync(MT_HERE) {
    emu::cluster_arrive(where);
    emu::cluster_wait(where);
}
template <class T>
T* peer(T* shared, int rank, MT_HERE) {
    return static_cast<T*>(emu::peer_pointer(shared, rank, where));
}
inline void barrier_wait_cluster(std::uint64_t* barrier, int parity, MT_HERE) {
    emu::barrier_wait(barrier, parity, where);
}
inline void barrier_arrive_at(std::uint64_t* barrier, int rank, MT_HERE) {
    emu::barrier_arrive(emu::peer_pointer(barrier, rank, where), 1, 0, where);
}

}  // namespace mt::ptx
