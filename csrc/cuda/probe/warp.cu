// Shuffles, votes and __syncwarp: y (32) = what each lane gets, -1 for the lanes outside the mask.
#include "cuda/common/cuda.cuh"
#include "cuda/probe/probes.hpp"

namespace mt::probe {

namespace {

constexpr int WARP = 32;
enum Operation { SHUFFLE, UP, DOWN, XOR, BALLOT, ANY, ALL, OPERATIONS };

__global__ void __launch_bounds__(WARP)
    warp_kernel(const int* x, int* y, int operation, unsigned mask, int argument, int width) {
    const int lane = threadIdx.x, given = x[lane];
    y[lane] = -1;
    if (!(mask >> lane & 1)) return;
    int result = 0;
    if (operation == SHUFFLE) result = __shfl_sync(mask, given, argument, width);
    if (operation == UP) result = __shfl_up_sync(mask, given, argument, width);
    if (operation == DOWN) result = __shfl_down_sync(mask, given, argument, width);
    if (operation == XOR) result = __shfl_xor_sync(mask, given, argument, width);
    if (operation == BALLOT) result = int(__ballot_sync(mask, given > argument));
    if (operation == ANY) result = __any_sync(mask, given > argument);
    if (operation == ALL) result = __all_sync(mask, given > argument);
    y[lane] = result;
}

std::string refuses(const Probe& p) {
    std::string reason = wants(p, {WARP * 4}, WARP * 4, 4);
    if (!reason.empty()) return reason;
    return p.number[0] >= 0 && p.number[0] < OPERATIONS ? "" : "there is no such operation";
}

void run(const Probe& p) {
    launch(LaunchShape{"probe warp", dim3(1), dim3(WARP), 0, p.stream}, warp_kernel,
           static_cast<const int*>(p.in[0].data), static_cast<int*>(p.out.data), p.number[0],
           unsigned(p.number[1]), p.number[2], p.number[3]);
}

// Masks overlap in time: lanes 0 and 1 have a matter of their own before they join the others.
__global__ void __launch_bounds__(WARP) overlap_kernel(const int* x, int* y) {
    MT_SHARED(int[2], pair);
    const int lane = threadIdx.x;
    int value = x[lane];
    if (lane < 2) {
        pair[lane] = value;
        __syncwarp(0x3);
        value += pair[1 - lane];
    }
    y[lane] = __shfl_xor_sync(0xffffffffu, value, 1);
}

}  // namespace

const ProbeRow warp = {
    "warp",
    "y (32): 0 shfl, 1 up, 2 down, 3 xor, 4 ballot, 5 any, 6 all of x (32); mask, argument, width",
    80,
    999,
    refuses,
    run};
const ProbeRow overlapping_masks = {
    "overlapping_masks",
    "lanes 0 and 1 add each other's x, then all lanes take their neighbour's",
    80,
    999,
    [](const Probe& p) { return wants(p, {WARP * 4}, WARP * 4); },
    [](const Probe& p) {
        launch(LaunchShape{"probe overlapping_masks", dim3(1), dim3(WARP), 0, p.stream},
               overlap_kernel, static_cast<const int*>(p.in[0].data),
               static_cast<int*>(p.out.data));
    }};

}  // namespace mt::probe
