// What no kernel may do, one thing at a time: the emulated device must stop at each and say so. A
// GPU would hang, trap or give garbage, so this probe is not in its module.
#ifdef MT_EMULATE

#    include "cuda/common/cuda.cuh"
#    include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int THREADS = 128, BYTES = 8192;

struct Scene {
    std::uint64_t* barrier;  // initialised for one arrival
    float* tile;             // BYTES, aligned to 1024
    const ptx::TensorMap &tiled, &column;
    int thread;
};

void diverge(Scene& s) {
    if (s.thread % 2)
        __syncthreads();
    else
        __syncthreads();
}
void cross_masks(Scene& s) {
    if (s.thread == 0)
        __syncwarp(0x3);
    else if (s.thread < 32)
        __syncwarp();
}
void shuffle_from_outside(Scene& s) {
    if (s.thread < 8) __shfl_sync(0xff, 0, 8);
}
void take_much_static_memory(Scene&) {
    MT_SHARED(char[50000], much);
    much[0] = 0;
}
void load_matrix_misaligned(Scene& s) {
    std::uint32_t r[4];
    ptx::load_matrix(r, s.tile + 1);
}
void wait_for_nothing(Scene& s) {
    MT_SHARED(std::uint64_t, never);
    if (s.thread == 0) ptx::barrier_wait(&never, 0);
}
void overwrite_barrier(Scene& s) {
    if (s.thread) return;
    *s.barrier = 1;
    ptx::barrier_arrive(s.barrier);
}
void arrive_too_often(Scene& s) {
    MT_SHARED(std::uint64_t, two);
    if (s.thread) return;
    ptx::barrier_init(&two, 2);
    emu::barrier_arrive(&two, 3, 0, emu::Where::here());
}
void expect_too_much(Scene& s) {
    if (s.thread == 0) ptx::barrier_expect(s.barrier, 1 << 20);
}
void load_to_misaligned(Scene& s) {
    if (s.thread == 0) ptx::tensor_load(s.tile + 32, s.tiled, s.barrier, {0, 0});
}
void load_and_leave(Scene& s) {
    if (s.thread == 0) ptx::tensor_load(s.tile, s.tiled, s.barrier, {0, 0});
}
void load_tiled_as_im2col(Scene& s) {
    if (s.thread == 0) ptx::tensor_load_im2col(s.tile, s.tiled, s.barrier, {0, 0, 0}, {0});
}
void begin_outside_of_the_pixels(Scene& s) {
    if (s.thread == 0) ptx::tensor_load_im2col(s.tile, s.column, s.barrier, {0, -2, 0}, {0});
}
void store_and_leave(Scene& s) {
    if (s.thread == 0) ptx::tensor_store(s.tiled, s.tile, {0, 0});
}
void multicast_to_nobody(Scene& s) {
    if (s.thread == 0) ptx::tensor_load_multicast(s.tile, s.tiled, s.barrier, {0, 0}, 4);
}
void multiply_without_fence(Scene& s) {
    float d[4];
    const std::uint64_t a = ptx::wgmma_descriptor(s.tile, Swizzle::b32, 0, 256);
    ptx::wgmma_bf16(d, a, a);
}
void multiply_from_the_second_row(Scene& s) {
    float d[4];
    const std::uint64_t a = ptx::wgmma_descriptor(s.tile + 8, Swizzle::b32, 0, 256);
    ptx::wgmma_fence();
    ptx::wgmma_bf16(d, a, a);
}
void multiply_and_leave(Scene& s) {
    float d[4];
    const std::uint64_t a = ptx::wgmma_descriptor(s.tile, Swizzle::b32, 0, 256);
    ptx::wgmma_fence();
    ptx::wgmma_bf16(d, a, a);
    ptx::wgmma_commit();
}
void multiply_beyond_memory(Scene& s) {
    float d[4];
    const std::uint64_t a = ptx::wgmma_descriptor(s.tile, Swizzle::b32, 0, 1 << 17);
    ptx::wgmma_fence();
    ptx::wgmma_bf16(d, a, a);
    ptx::wgmma_commit();
    ptx::wgmma_wait<0>();
}
void arrive_twice(Scene&) {
    ptx::cluster_arrive();
    ptx::cluster_arrive();
}
void reach_for_the_dead(Scene& s) {
    if (ptx::cluster_rank() == 1) return;
    ptx::cluster_sync();  // complete when the other block has ended
    *ptx::peer(s.tile, 1) = 1;
}

struct Misuse {
    const char* name;
    void (*run)(Scene&);
};
#    define MT_MISUSE(name) {#name, name}
const Misuse misuses[] = {
    MT_MISUSE(diverge),
    MT_MISUSE(cross_masks),
    MT_MISUSE(shuffle_from_outside),
    MT_MISUSE(take_much_static_memory),
    MT_MISUSE(load_matrix_misaligned),
    MT_MISUSE(wait_for_nothing),
    MT_MISUSE(overwrite_barrier),
    MT_MISUSE(arrive_too_often),
    MT_MISUSE(expect_too_much),
    MT_MISUSE(load_to_misaligned),
    MT_MISUSE(load_and_leave),
    MT_MISUSE(load_tiled_as_im2col),
    MT_MISUSE(begin_outside_of_the_pixels),
    MT_MISUSE(store_and_leave),
    MT_MISUSE(multicast_to_nobody),
    MT_MISUSE(multiply_without_fence),
    MT_MISUSE(multiply_from_the_second_row),
    MT_MISUSE(multiply_and_leave),
    MT_MISUSE(multiply_beyond_memory),
    MT_MISUSE(arrive_twice),
    MT_MISUSE(reach_for_the_dead),
};
constexpr int MISUSES = sizeof misuses / sizeof *misuses;

__global__ void misuse_kernel(const __grid_constant__ ptx::TensorMap tiled,
                              const __grid_constant__ ptx::TensorMap column, int which) {
    MT_DYNAMIC_SHARED(float, tile);
    MT_SHARED(std::uint64_t, barrier);
    if (threadIdx.x == 0) ptx::barrier_init(&barrier, 1);
    __syncthreads();
    Scene scene{&barrier, tile, tiled, column, int(threadIdx.x)};
    misuses[which].run(scene);
}

std::string refuses(const Probe& p) {
    if (p.numbers != 1 || p.number[0] < 0 || p.number[0] >= MISUSES)
        return "it takes a number below " + std::to_string(MISUSES);
    return wants(p, {BYTES}, 4, 1);
}

void run(const Probe& p) {
    const void* x = p.in[0].data;
    const ptx::TensorMap tiled =
        ptx::tiled_map({Dtype::float32, x, 2, {32, 64}, {1, 32}}, {{32, 8}, Swizzle::b128});
    const ptx::TensorMap column = ptx::im2col_map({Dtype::float32, x, 3, {8, 16, 16}, {1, 8, 128}},
                                                  {{-1}, {-1}, 8, 8, Swizzle::none, {1}});
    LaunchShape shape{misuses[p.number[0]].name, dim3(2), dim3(THREADS), BYTES, p.stream, dim3(2)};
    launch(shape, misuse_kernel, tiled, column, p.number[0]);
}

}  // namespace

const ProbeRow misuse = {
    "misuse", "an error: what no kernel may do, by its number", 80, 999, refuses, run};

}  // namespace mt::probe

#endif
