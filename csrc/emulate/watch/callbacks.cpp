// What -fsanitize=thread makes the compiler call. The names are the compiler's, the bodies ours.
#include "emulate/watch/state.hpp"

#if MT_WATCH

using mt::watch::access;

#    define HERE reinterpret_cast<std::uintptr_t>(__builtin_return_address(0))

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void* caller) {
    if (mt::watch::now) mt::watch::now->calls.push_back(reinterpret_cast<std::uintptr_t>(caller));
}
void __tsan_func_exit() {
    if (mt::watch::now && !mt::watch::now->calls.empty()) mt::watch::now->calls.pop_back();
}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}

// The unaligned ones are of types that ask for no alignment: a GPU reads those piece by piece.
#    define ACCESSES(N)                                  \
        void __tsan_read##N(void* p) {                   \
            access(p, N, mt::watch::READ, true, HERE);   \
        }                                                \
        void __tsan_write##N(void* p) {                  \
            access(p, N, mt::watch::WRITE, true, HERE);  \
        }                                                \
        void __tsan_unaligned_read##N(void* p) {         \
            access(p, N, mt::watch::READ, false, HERE);  \
        }                                                \
        void __tsan_unaligned_write##N(void* p) {        \
            access(p, N, mt::watch::WRITE, false, HERE); \
        }
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
void __tsan_read_range(void* p, unsigned long n) {
    access(p, n, mt::watch::READ, false, HERE);
}
void __tsan_write_range(void* p, unsigned long n) {
    access(p, n, mt::watch::WRITE, false, HERE);
}

}  // extern "C"

namespace {

void atomic_access(volatile const void* p, std::size_t bytes, std::uintptr_t pc,
                   unsigned kind = mt::watch::WRITE | mt::watch::ATOMIC) {
    access(const_cast<const void*>(p), bytes, mt::watch::Kind(kind), true, pc);
}

}  // namespace

// Fibers do not preempt each other, so a plain operation is atomic enough.
#    define FETCH(BITS, T, NAME, RESULT)                              \
        T __tsan_atomic##BITS##_##NAME(volatile T* p, T value, int) { \
            atomic_access(p, sizeof(T), HERE);                        \
            T old = *p;                                               \
            *p = RESULT;                                              \
            return old;                                               \
        }
#    define ATOMICS(BITS, T)                                                                    \
        T __tsan_atomic##BITS##_load(const volatile T* p, int) {                                \
            atomic_access(p, sizeof(T), HERE, mt::watch::ATOMIC);                               \
            return *p;                                                                          \
        }                                                                                       \
        void __tsan_atomic##BITS##_store(volatile T* p, T value, int) {                         \
            atomic_access(p, sizeof(T), HERE);                                                  \
            *p = value;                                                                         \
        }                                                                                       \
        FETCH(BITS, T, exchange, value)                                                         \
        FETCH(BITS, T, fetch_add, T(old + value))                                               \
        FETCH(BITS, T, fetch_sub, T(old - value))                                               \
        FETCH(BITS, T, fetch_and, T(old& value))                                                \
        FETCH(BITS, T, fetch_or, T(old | value))                                                \
        FETCH(BITS, T, fetch_xor, T(old ^ value))                                               \
        bool __tsan_atomic##BITS##_compare_exchange_strong(volatile T* p, T* expected, T value, \
                                                           int, int) {                          \
            atomic_access(p, sizeof(T), HERE);                                                  \
            if (*p == *expected) return *p = value, true;                                       \
            *expected = *p;                                                                     \
            return false;                                                                       \
        }                                                                                       \
        bool __tsan_atomic##BITS##_compare_exchange_weak(volatile T* p, T* expected, T value,   \
                                                         int a, int b) {                        \
            return __tsan_atomic##BITS##_compare_exchange_strong(p, expected, value, a, b);     \
        }                                                                                       \
        T __tsan_atomic##BITS##_compare_exchange_val(volatile T* p, T expected, T value, int,   \
                                                     int) {                                     \
            atomic_access(p, sizeof(T), HERE);                                                  \
            T old = *p;                                                                         \
            if (old == expected) *p = value;                                                    \
            return old;                                                                         \
        }

extern "C" {
ATOMICS(8, std::uint8_t)
ATOMICS(16, std::uint16_t)
ATOMICS(32, std::uint32_t)
ATOMICS(64, std::uint64_t)
}  // extern "C"

#endif
