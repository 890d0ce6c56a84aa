// Elementwise chains: a block of elements at a time, through all steps.
//
// Idea      Between two passes over memory lies little arithmetic, so the passes are what costs. A
//           block of each register fits the first-level cache; all steps run on it before the
//           next block, and only inputs and outputs touch memory.
// Changed   Nothing, this is the ground; a NumPy expression makes a pass per operation.
// Requires  Nothing.
// Launch    A task per CHUNK elements of the index space, in row-major order.
// Reading   run_chunk; then fetch, which brings a window's block into a register.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "common/parallel.hpp"
#include "common/scratch.hpp"
#include "common/simd.hpp"
#include "common/vmath.hpp"
#include "cpu/elementwise/elementwise.hpp"

namespace mt::MT_ISA {
namespace {

constexpr long BLOCK = 512;         // elements of a register, at least
constexpr long CHUNK = 16 * BLOCK;  // elements of a task
constexpr long ALONE = 2 * CHUNK;   // so few are not worth waking threads for

// -- one step on one block --------------------------------------------------------

// A function of vectors over a block; the last ones go through a vector that is filled up.
template <class T>
inline void by_vectors(long n, T* to, const T* a, Vector<T> (*function)(Vector<T>)) {
    constexpr long LANES = Simd<T>::LANES;
    long i = 0;
    for (; i + LANES <= n; i += LANES) store(to + i, function(load(a + i)));
    if (i == n) return;
    T rest[LANES] = {};
    std::copy(a + i, a + n, rest);
    store(rest, function(load(rest)));
    std::copy(rest, rest + (n - i), to + i);
}

// `to` may be one of the operands: no element depends on another.
#define MT_LOOP(expression)                                               \
    _Pragma("GCC ivdep") for (long i = 0; i < n; i++) to[i] = expression; \
    return

template <class T>
void apply(Code code, long n, T* to, const T* a, const T* b, const T* c) {
    switch (code) {
        case Code::copy_:
            MT_LOOP(a[i]);
        case Code::add_:
            MT_LOOP(a[i] + b[i]);
        case Code::subtract_:
            MT_LOOP(a[i] - b[i]);
        case Code::multiply_:
            MT_LOOP(a[i] * b[i]);
        case Code::divide_:
            MT_LOOP(a[i] / b[i]);
        // A NaN in either operand is the result, as NumPy has it.
        case Code::maximum_:
            MT_LOOP(a[i] > b[i] || a[i] != a[i] ? a[i] : b[i]);
        case Code::minimum_:
            MT_LOOP(a[i] < b[i] || a[i] != a[i] ? a[i] : b[i]);
        case Code::negative_:
            MT_LOOP(-a[i]);
        case Code::abs_:
            MT_LOOP(std::fabs(a[i]));
        case Code::square_:
            MT_LOOP(a[i] * a[i]);
        case Code::sqrt_:
            MT_LOOP(std::sqrt(a[i]));
        case Code::reciprocal_:
            MT_LOOP(T(1) / a[i]);
        case Code::relu_:
            MT_LOOP(a[i] < T(0) ? T(0) : a[i]);
        case Code::exp_:
            return by_vectors<T>(n, to, a, vexp<T>);
        case Code::log_:
            return by_vectors<T>(n, to, a, vlog<T>);
        case Code::tanh_:
            return by_vectors<T>(n, to, a, vtanh<T>);
        case Code::sigmoid_:
            return by_vectors<T>(n, to, a, vsigmoid<T>);
        case Code::equal_:
            MT_LOOP(T(a[i] == b[i]));
        case Code::not_equal_:
            MT_LOOP(T(a[i] != b[i]));
        case Code::less_:
            MT_LOOP(T(a[i] < b[i]));
        case Code::less_equal_:
            MT_LOOP(T(a[i] <= b[i]));
        case Code::greater_:
            MT_LOOP(T(a[i] > b[i]));
        case Code::greater_equal_:
            MT_LOOP(T(a[i] >= b[i]));
        case Code::logical_and_:
            MT_LOOP(T(a[i] != 0 && b[i] != 0));
        case Code::logical_or_:
            MT_LOOP(T(a[i] != 0 || b[i] != 0));
        case Code::logical_not_:
            MT_LOOP(T(a[i] == 0));
        case Code::where_:
            MT_LOOP(a[i] != 0 ? b[i] : c[i]);
    }
}
#undef MT_LOOP

// -- windows ----------------------------------------------------------------------

// Calls piece(position in the block, offset into the window, how many, stride) for elements
// [first, first + n) of the index space, a run along the last axis at a time.
template <class Piece>
void for_runs(const Chain& chain, const long* strides, long first, long n, Piece&& piece) {
    const int last = chain.axes - 1;
    if (last < 0) return piece(0L, 0L, n, 0L);
    long at[MAX_AXES], rest = first, offset = 0;
    for (int k = last; k >= 0; k--) {
        at[k] = rest % chain.shape[k], rest /= chain.shape[k];
        offset += at[k] * strides[k];
    }
    for (long done = 0; done < n;) {
        long run = std::min(n - done, chain.shape[last] - at[last]);
        piece(done, offset, run, strides[last]);
        done += run;
        at[last] += run, offset += run * strides[last];
        for (int k = last; k > 0 && at[k] == chain.shape[k]; k--) {
            offset += strides[k - 1] - at[k] * strides[k];
            at[k] = 0, at[k - 1]++;
        }
    }
}

bool is_dense(const Chain& chain, const long* strides) {
    long expected = 1;
    for (int k = chain.axes - 1; k >= 0; expected *= chain.shape[k--])
        if (strides[k] != expected) return false;
    return true;
}

bool is_number(const Chain& chain, const long* strides) {
    return std::all_of(strides, strides + chain.axes, [](long s) { return s == 0; });
}

template <class T, class U>
void fetch(const Chain& chain, const Window& window, long first, long n, T* to) {
    const U* data = reinterpret_cast<const U*>(window.data);
    for_runs(chain, window.strides, first, n, [&](long at, long offset, long run, long stride) {
        const U* from = data + offset;
        if (stride == 0)
            std::fill(to + at, to + at + run, T(*from));
        else if (stride == 1)
            for (long i = 0; i < run; i++) to[at + i] = T(from[i]);
        else
            for (long i = 0; i < run; i++) to[at + i] = T(from[i * stride]);
    });
}

template <class T, class U>
void put(const Chain& chain, const Window& window, long first, long n, const T* from) {
    U* data = reinterpret_cast<U*>(window.data);
    for_runs(chain, window.strides, first, n, [&](long at, long offset, long run, long stride) {
        U* to = data + offset;
        for (long i = 0; i < run; i++) to[i * stride] = U(from[at + i]);
    });
}

// -- a chain ----------------------------------------------------------------------

// How each input is read and each output written: known before the first block.
enum class Way { in_place, number, fetched };

// Which block of working memory each step's result has: a block is free again after its last use.
struct Registers {
    std::vector<int> block;
    int count = 0;

    explicit Registers(const Chain& chain) {
        const int inputs = static_cast<int>(chain.inputs.size());
        const int steps = static_cast<int>(chain.steps.size());
        std::vector<int> last(inputs + steps, -1), free;
        for (int s = 0; s < steps; s++)
            for (int r : {chain.steps[s].a, chain.steps[s].b, chain.steps[s].c})
                if (r >= 0) last[r] = s;
        for (const Output& out : chain.outputs) last[out.from] = steps;
        for (int i = 0; i < inputs; i++) block.push_back(count++);
        for (int s = 0; s < steps; s++) {
            // Not the block of an operand: steps do not work in place.
            if (free.empty()) free.push_back(count++);
            block.push_back(free.back()), free.pop_back();
            for (int r = inputs; r < inputs + s; r++)
                if (last[r] == s) free.push_back(block[r]);
            if (last[inputs + s] < 0) free.push_back(block[inputs + s]);
        }
    }
};

// What is known of a chain before its first block.
template <class T>
struct Plan {
    Registers registers;
    std::vector<Way> ways;              // of each input
    std::vector<T*> direct;             // of each step: the output that it writes itself, or null
    std::vector<const Output*> stored;  // the other outputs
    long block;                         // elements of a register: all of them fit the cache

    explicit Plan(const Chain& chain) : registers(chain), direct(chain.steps.size(), nullptr) {
        block = std::clamp(CHUNK / std::max(1, registers.count) / BLOCK, 1L, 8L) * BLOCK;
        for (const Window& w : chain.inputs)
            ways.push_back(is_number(chain, w.strides)                ? Way::number
                           : !w.is_bool && is_dense(chain, w.strides) ? Way::in_place
                                                                      : Way::fetched);
        const int inputs = static_cast<int>(chain.inputs.size());
        const int steps = static_cast<int>(chain.steps.size());
        for (const Output& out : chain.outputs) {
            const int step = out.from - inputs;
            // Where an input lies may be written by the last step only: others still read it.
            bool aliased = std::any_of(chain.inputs.begin(), chain.inputs.end(),
                                       [&](const Window& w) { return w.data == out.window.data; });
            if (step >= 0 && !out.window.is_bool && is_dense(chain, out.window.strides) &&
                !direct[step] && (!aliased || step == steps - 1))
                direct[step] = reinterpret_cast<T*>(out.window.data);
            else
                stored.push_back(&out);
        }
    }
};

template <class T>
void run_chunk(const Chain& chain, const Plan<T>& plan, long first, long count, T* memory) {
    const int inputs = static_cast<int>(chain.inputs.size());
    const int steps = static_cast<int>(chain.steps.size());
    std::vector<const T*> at(inputs + steps);
    for (int r = 0; r < inputs + steps; r++) at[r] = memory + plan.registers.block[r] * plan.block;
    for (int i = 0; i < inputs; i++)
        if (plan.ways[i] == Way::number) {
            const Window& w = chain.inputs[i];
            T value = w.is_bool ? T(*reinterpret_cast<const std::uint8_t*>(w.data))
                                : *reinterpret_cast<const T*>(w.data);
            std::fill_n(const_cast<T*>(at[i]), std::min(count, plan.block), value);
        }
    for (long done = 0; done < count; done += plan.block) {
        const long n = std::min(plan.block, count - done), begin = first + done;
        for (int i = 0; i < inputs; i++) {
            const Window& w = chain.inputs[i];
            if (plan.ways[i] == Way::in_place)
                at[i] = reinterpret_cast<const T*>(w.data) + begin;
            else if (plan.ways[i] == Way::fetched && w.is_bool)
                fetch<T, std::uint8_t>(chain, w, begin, n, const_cast<T*>(at[i]));
            else if (plan.ways[i] == Way::fetched)
                fetch<T, T>(chain, w, begin, n, const_cast<T*>(at[i]));
        }
        for (int s = 0; s < steps; s++) {
            const Step& step = chain.steps[s];
            if (plan.direct[s]) at[inputs + s] = plan.direct[s] + begin;
            auto operand = [&](int r) { return r < 0 ? nullptr : at[r]; };
            apply(step.code, n, const_cast<T*>(at[inputs + s]), operand(step.a), operand(step.b),
                  operand(step.c));
        }
        // Only now: an output may lie where an input did.
        for (const Output* out : plan.stored)
            if (out->window.is_bool)
                put<T, bool>(chain, out->window, begin, n, at[out->from]);
            else
                put<T, T>(chain, out->window, begin, n, at[out->from]);
    }
}

template <class T>
void run(const Chain& chain, int threads) {
    const long count = chain.count();
    if (count == 0) return;
    const Plan<T> plan(chain);
    if (count <= ALONE) threads = 1;
    const long own = plan.registers.count * plan.block;
    T* memory = thread_scratch().reserve<T>(own * threads);
    parallel_for((count + CHUNK - 1) / CHUNK, threads, [&](long task, int worker) {
        long first = task * CHUNK;
        run_chunk(chain, plan, first, std::min(CHUNK, count - first), memory + worker * own);
    });
}

// -- copies of whatever elements ------------------------------------------------------

template <class U>
void copy_typed(const Chain& chain, int threads) {
    const Window &from = chain.inputs[0], &to = chain.outputs[0].window;
    const U* source = reinterpret_cast<const U*>(from.data);
    U* target = reinterpret_cast<U*>(to.data);
    const bool dense = is_dense(chain, to.strides);
    const long count = chain.count();
    if (count <= ALONE) threads = 1;
    parallel_for((count + CHUNK - 1) / CHUNK, threads, [&](long task, int) {
        long first = task * CHUNK, n = std::min(CHUNK, count - first);
        if (dense)  // runs of the source
            return for_runs(chain, from.strides, first, n,
                            [&](long at, long offset, long run, long stride) {
                                U* out = target + first + at;
                                for (long i = 0; i < run; i++) out[i] = source[offset + i * stride];
                            });
        U block[BLOCK];
        for (long done = 0; done < n; done += BLOCK) {
            long m = std::min(BLOCK, n - done);
            for_runs(chain, from.strides, first + done, m,
                     [&](long at, long offset, long run, long stride) {
                         for (long i = 0; i < run; i++) block[at + i] = source[offset + i * stride];
                     });
            for_runs(chain, to.strides, first + done, m,
                     [&](long at, long offset, long run, long stride) {
                         for (long i = 0; i < run; i++) target[offset + i * stride] = block[at + i];
                     });
        }
    });
}

void copy(const Chain& chain, int bytes, int threads) {
    switch (bytes) {
        case 1:
            return copy_typed<std::uint8_t>(chain, threads);
        case 2:
            return copy_typed<std::uint16_t>(chain, threads);
        case 4:
            return copy_typed<std::uint32_t>(chain, threads);
        default:
            return copy_typed<std::uint64_t>(chain, threads);
    }
}

}  // namespace

ElementwiseKernels elementwise_kernels() {
    return {run<float>, run<double>, copy};
}

}  // namespace mt::MT_ISA
