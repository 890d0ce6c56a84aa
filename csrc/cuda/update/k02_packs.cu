// k02_packs
// Idea:     16 bytes of every array per thread.
// Changed since k01_naive: a quarter of the memory instructions (half, of float64), and all of a
//           thread's loads are under way together: adam's four are 64 bytes per thread, 128 KB per
//           multiprocessor of 2048 threads, of the some 30 KB that hide the memory's latency.
// Requires: arrays aligned to 16 bytes.
// Launch:   blocks of 256 threads, one pack each; the first threads take what is left over, fewer
//           elements than a pack has.
#include "cuda/common/packs.cuh"
#include "cuda/update/rules.cuh"
#include "cuda/update/rungs.hpp"

namespace mt::update {

namespace {

constexpr int THREADS = 256;

// The step of COUNT elements from element i on.
template <UpdateRule RULE, int COUNT, class T>
__device__ __forceinline__ void step_pack(const Arguments<T>& a, long long i) {
    const Pack<T, COUNT> g = load_pack<COUNT>(a.g + i);
    Pack<T, COUNT> p = load_pack<COUNT>(a.p + i), v{}, m{};
    if constexpr (remembers_v(RULE)) v = load_pack<COUNT>(a.v + i);
    if constexpr (remembers_m(RULE)) m = load_pack<COUNT>(a.m + i);
#pragma unroll
    for (int e = 0; e < COUNT; e++) step<RULE>(a, g.at[e], p.at[e], v.at[e], m.at[e]);
    store_pack(a.new_p + i, p);
    if constexpr (remembers_v(RULE)) store_pack(a.new_v + i, v);
    if constexpr (remembers_m(RULE)) store_pack(a.new_m + i, m);
}

template <UpdateRule RULE, class T>
__global__ void __launch_bounds__(THREADS) k02(Arguments<T> a) {
    constexpr int WIDE = WIDEST<T>;
    const long long j = thread_of_grid(), packs = a.elements / WIDE;
    if (j < packs) step_pack<RULE, WIDE>(a, j * WIDE);
    const long long left = packs * WIDE + j;
    if (j < WIDE && left < a.elements) step_pack<RULE, 1>(a, left);
}

void run(const Update& u) {
    by_type_and_rule(u, [&](auto type, auto rule) {
        typedef decltype(type) T;
        const unsigned blocks = blocks_for(u.elements, (long long)THREADS * WIDEST<T>);
        launch(LaunchShape{"update k02_packs", blocks, THREADS, 0, u.stream},
               k02<decltype(rule)::value, T>, typed<T>(u));
    });
}

std::string supports(const Update& u) {
    for (const void* each :
         {u.p, u.g, u.v, u.m, (const void*)u.new_p, (const void*)u.new_v, (const void*)u.new_m})
        if (!aligned(each, 16)) return "its arrays must be aligned to 16 bytes";
    return supports_floats(u);
}

}  // namespace

const UpdateRung k02_packs = {
    {"k02_packs", "16 bytes of every array per thread", "arrays aligned to 16 bytes"},
    supports,
    run};

}  // namespace mt::update
