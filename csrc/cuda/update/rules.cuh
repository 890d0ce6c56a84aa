// What the rungs of update steps share: arguments, and the step of one element by every rule.
#pragma once

#include "cuda/common/numbers.cuh"
#include "cuda/update/update.hpp"

namespace mt::update {

// A kernel's arguments. Old and new values may be the same memory, so none is __restrict__.
template <class T>
struct Arguments {
    long long elements;
    T rate, momentum, beta1, beta2, rest1, rest2, epsilon;
    const T *p, *g, *v, *m;
    T *new_p, *new_v, *new_m;
};

template <class T>
Arguments<T> typed(const Update& u) {
    return {u.elements,
            T(u.rate),
            T(u.momentum),
            T(u.beta1),
            T(u.beta2),
            T(1 - u.beta1),
            T(1 - u.beta2),
            T(u.epsilon),
            static_cast<const T*>(u.p),
            static_cast<const T*>(u.g),
            static_cast<const T*>(u.v),
            static_cast<const T*>(u.m),
            static_cast<T*>(u.new_p),
            static_cast<T*>(u.new_v),
            static_cast<T*>(u.new_m)};
}

// Replaces p, v and m by their new values.
template <UpdateRule RULE, class T>
__device__ __forceinline__ void step(const Arguments<T>& a, T g, T& p, T& v, T& m) {
    if constexpr (RULE == UpdateRule::sgd) {
        p = p - g * a.rate;
    } else if constexpr (RULE == UpdateRule::momentum) {
        const T moved = v * a.momentum + (p - g * a.rate);
        v = moved - p;
        p = moved;
    } else if constexpr (RULE == UpdateRule::nesterov) {
        const T stepped = p - g * a.rate;
        v = v * a.momentum + (stepped - p);
        p = v * a.momentum + stepped;
    } else {
        m = m * a.beta1 + g * a.rest1;
        v = v * a.beta2 + g * g * a.rest2;
        p = p - m * a.rate / (T(sqrt(v)) + a.epsilon);
    }
}

constexpr bool remembers_v(UpdateRule rule) {
    return rule != UpdateRule::sgd;
}
constexpr bool remembers_m(UpdateRule rule) {
    return rule == UpdateRule::adam;
}

// Calls run(T(), rule) with the type and a constant that names the rule.
template <UpdateRule RULE>
struct RuleConstant {
    static constexpr UpdateRule value = RULE;
};
template <class T, class Run>
void by_rule(UpdateRule rule, Run run) {
    switch (rule) {
        case UpdateRule::sgd:
            return run(T(), RuleConstant<UpdateRule::sgd>());
        case UpdateRule::momentum:
            return run(T(), RuleConstant<UpdateRule::momentum>());
        case UpdateRule::nesterov:
            return run(T(), RuleConstant<UpdateRule::nesterov>());
        case UpdateRule::adam:
            return run(T(), RuleConstant<UpdateRule::adam>());
    }
}
template <class Run>
void by_type_and_rule(const Update& u, Run run) {
    u.dtype == Dtype::float64 ? by_rule<double>(u.rule, run) : by_rule<float>(u.rule, run);
}

inline std::string supports_floats(const Update& u) {
    return u.dtype == Dtype::float32 || u.dtype == Dtype::float64
               ? ""
               : "it computes in float32 and float64";
}

}  // namespace mt::update
