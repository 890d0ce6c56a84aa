// Long short-term memory over a sequence: what its kernels compute, and the table of them.
//
// With z[t] = gates[t] + hidden[t-1] w in four parts of H columns each, and peepholes p:
//
//   i = s(z_i + c[t-1] p_0)   f = s(z_f + c[t-1] p_1)   g = tanh(z_g)   o = s(z_o + c[t] p_2)
//   cells[t] = f c[t-1] + i g                 hidden[t] = o tanh(c[t])
//
// bwd walks back; d_gates, the gradient of z, is that of gates too. What the weights receive,
// the sum over t of hidden[t-1]' d_gates[t], is a matrix product like any other.
#pragma once

#include <cstddef>
#include <tuple>

#include "common/isa.hpp"
#include "cpu/recurrence.hpp"

namespace mt {

template <class T>
struct LstmStart {  // what forward and backward get alike; `peepholes` may be null
    const T *w, *hid, *cell, *peepholes;
};

template <class T>
struct LstmStates {
    T *hidden, *cells, *activated;  // activated: i, f, g and o beside each other
};

template <class T>
struct LstmGradients {  // d_cell doubles as working memory; d_peepholes may be null
    const T *hidden, *cells;
    T *d_gates, *d_hid, *d_cell, *d_peepholes;
};

// `scratch` holds as many elements as the rung's function of that name says.
template <class T>
struct LstmKernels {
    void (*fwd)(const Recurrence&, int threads, const T* gates, const LstmStart<T>&,
                const LstmStates<T>&, T* scratch);
    void (*bwd)(const Recurrence&, int threads, const LstmStates<const T>&, const LstmStart<T>&,
                const LstmGradients<T>&, T* scratch);
    std::size_t (*fwd_scratch)(const Recurrence&, int threads);
    std::size_t (*bwd_scratch)(const Recurrence&, int threads);
};

struct LstmRung {
    const char *name, *idea, *needs;
    std::tuple<LstmKernels<float>, LstmKernels<double>> kernels;
};

struct LstmTable {
    const LstmRung* rungs;
    int count;
};

#define MT_DECLARE(ISA, can_run) \
    namespace ISA {              \
    LstmTable lstm_table();      \
    }
MT_FOR_EACH_ISA(MT_DECLARE)
#undef MT_DECLARE

}  // namespace mt
