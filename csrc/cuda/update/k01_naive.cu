// k01_naive
// Idea:     one thread per element does the whole step: a fused kernel instead of one per operator.
// Requires: nothing.
// Launch:   blocks of 256 threads, one element each.
// Reading:  adam moves 28 bytes per element of float32 (p, g, m, v in; p, m, v out), its formula
//           written in array operators over 100. Four bytes per access leave the memory's pipe
//           short of requests; k02_packs asks for 16.
#include "cuda/update/rules.cuh"
#include "cuda/update/rungs.hpp"

namespace mt::update {

namespace {

constexpr int THREADS = 256;

template <UpdateRule RULE, class T>
__global__ void __launch_bounds__(THREADS) k01(Arguments<T> a) {
    const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
    if (i >= a.elements) return;
    T p = a.p[i], v = remembers_v(RULE) ? a.v[i] : T(0), m = remembers_m(RULE) ? a.m[i] : T(0);
    step<RULE>(a, a.g[i], p, v, m);
    a.new_p[i] = p;
    if (remembers_v(RULE)) a.new_v[i] = v;
    if (remembers_m(RULE)) a.new_m[i] = m;
}

void run(const Update& u) {
    const LaunchShape shape{"update k01_naive", blocks_for(u.elements, THREADS), THREADS, 0,
                            u.stream};
    by_type_and_rule(u, [&](auto type, auto rule) {
        typedef decltype(type) T;
        launch(shape, k01<decltype(rule)::value, T>, typed<T>(u));
    });
}

}  // namespace

const UpdateRung k01_naive = {
    {"k01_naive", "one thread per element, one pass", ""}, supports_floats, run};

}  // namespace mt::update
