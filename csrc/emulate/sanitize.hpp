// What AddressSanitizer and ThreadSanitizer must be told about fibers and simulated
// synchronisation. Without a sanitizer everything here is empty. The build says which one it is:
// -DMT_ASAN=1 or -DMT_TSAN=1 for all files, and -fsanitize=... for those with kernels only, so
// that what the machine itself does is not taken for something that a kernel did.
#pragma once

#include <cstddef>

#include "emulate/fiber.hpp"
#include "emulate/machine.hpp"
#include "emulate/watch.hpp"

#ifndef MT_ASAN
#    define MT_ASAN 0
#endif
#ifndef MT_TSAN
#    define MT_TSAN 0
#endif

#if MT_ASAN
#    include <sanitizer/asan_interface.h>
#    include <sanitizer/common_interface_defs.h>
#endif
#if MT_TSAN
#    include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char*, int);
void AnnotateIgnoreReadsEnd(const char*, int);
void AnnotateIgnoreWritesBegin(const char*, int);
void AnnotateIgnoreWritesEnd(const char*, int);
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_read_range(void*, unsigned long);
void __tsan_write_range(void*, unsigned long);
}
#endif

#define MT_NO_SANITIZE __attribute__((no_sanitize("thread", "address")))

namespace mt::emu::sanitize {

#if MT_ASAN
inline const void* main_stack = nullptr;
inline std::size_t main_stack_size = 0;
#endif

inline void prepare([[maybe_unused]] Fiber& fiber) {
#if MT_ASAN
    fiber.fake_stack = nullptr;
#endif
#if MT_TSAN
    if (!fiber.race) fiber.race = __tsan_create_fiber(0);
#endif
#if MT_WATCH
    watch::begin(fiber);
#endif
}

MT_NO_SANITIZE inline void before_switch([[maybe_unused]] Fiber& from, [[maybe_unused]] Fiber& to,
                                         [[maybe_unused]] std::size_t stack,
                                         [[maybe_unused]] bool leaving) {
#if MT_ASAN
    __sanitizer_start_switch_fiber(leaving ? nullptr : &from.fake_stack,
                                   to.stack ? to.stack : main_stack,
                                   to.stack ? stack : main_stack_size);
#endif
#if MT_TSAN
    if (!from.race) from.race = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to.race, 1);  // 1: the switch itself orders nothing
#endif
#if MT_WATCH
    watch::switch_to(to);
#endif
}

MT_NO_SANITIZE inline void after_switch([[maybe_unused]] Fiber& from) {
#if MT_ASAN
    const void* bottom;
    std::size_t size;
    __sanitizer_finish_switch_fiber(from.fake_stack, &bottom, &size);
#endif
}

MT_NO_SANITIZE inline void first_arrival() {
#if MT_ASAN
    const void* bottom;
    std::size_t size;
    __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
    if (!main_stack) main_stack = bottom, main_stack_size = size;
#endif
}

// While one of these lives, accesses are the machine's own and not the kernel's.
struct Quiet {
#if MT_TSAN
    Quiet() {
        AnnotateIgnoreReadsBegin("", 0);
        AnnotateIgnoreWritesBegin("", 0);
    }
    ~Quiet() {
        AnnotateIgnoreWritesEnd("", 0);
        AnnotateIgnoreReadsEnd("", 0);
    }
#elif MT_WATCH
    Quiet() { watch::quiet(1); }
    ~Quiet() { watch::quiet(-1); }
#else
    Quiet() {}
    ~Quiet() {}
#endif
    Quiet(const Quiet&) = delete;
};

// What happened before release(tag) happened before what follows acquire(tag).
inline void release([[maybe_unused]] void* tag) {
#if MT_TSAN
    __tsan_release(tag);
#endif
#if MT_WATCH
    watch::release(tag);
#endif
}

inline void acquire([[maybe_unused]] void* tag) {
#if MT_TSAN
    __tsan_acquire(tag);
#endif
#if MT_WATCH
    watch::acquire(tag);
#endif
}

// Accesses that no instruction of the kernel makes: a copy engine's, or the hardware's to a tile.
// `where` is the kernel's line, if it is known.
inline void reads([[maybe_unused]] const void* p, [[maybe_unused]] std::size_t bytes,
                  [[maybe_unused]] Where where = {nullptr, 0}) {
#if MT_TSAN
    if (bytes) __tsan_read_range(const_cast<void*>(p), bytes);
#endif
#if MT_WATCH
    watch::touch(p, bytes, false, where);
#endif
}

inline void writes([[maybe_unused]] void* p, [[maybe_unused]] std::size_t bytes,
                   [[maybe_unused]] Where where = {nullptr, 0}) {
#if MT_TSAN
    if (bytes) __tsan_write_range(p, bytes);
#endif
#if MT_WATCH
    watch::touch(p, bytes, true, where);
#endif
}

// cp.async: from here until it lands, nobody else may touch what it writes.
inline unsigned copy_begins([[maybe_unused]] void* to, [[maybe_unused]] std::size_t bytes,
                            [[maybe_unused]] Where where) {
    writes(to, bytes, where);
#if MT_WATCH
    return watch::copy_begins(to, bytes, where);
#else
    return 0;
#endif
}

inline void copy_lands([[maybe_unused]] unsigned ticket, [[maybe_unused]] void* to,
                       [[maybe_unused]] std::size_t bytes, [[maybe_unused]] Where where) {
#if MT_WATCH
    watch::copy_lands(ticket, to, bytes, where);
#else
    writes(to, bytes, where);
#endif
}

// The running thread, and the meeting of those whose `self` stand in the lanes of a mask.
inline void* self() {
#if MT_WATCH
    return watch::now;
#else
    return nullptr;
#endif
}

inline void meet([[maybe_unused]] void** selves, [[maybe_unused]] unsigned lanes) {
#if MT_WATCH
    watch::meet(selves, lanes);
#endif
}

inline void forbid([[maybe_unused]] void* p, [[maybe_unused]] std::size_t bytes) {
#if MT_ASAN
    __asan_poison_memory_region(p, bytes);
#endif
}

inline void allow([[maybe_unused]] void* p, [[maybe_unused]] std::size_t bytes) {
#if MT_ASAN
    __asan_unpoison_memory_region(p, bytes);
#endif
}

}  // namespace mt::emu::sanitize
