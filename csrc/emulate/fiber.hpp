// A stack of its own for every CUDA thread, and the switch between two of them.
#pragma once

#include <cstddef>

namespace mt::emu {

struct Fiber {
    char* stack = nullptr;       // lowest usable address; null for the stack that Python gave us
    void* pointer = nullptr;     // the stack pointer while the fiber does not run
    void* context = nullptr;     // in its place where the switch is the C library's
    void* fake_stack = nullptr;  // AddressSanitizer's
    void* race = nullptr;        // ThreadSanitizer's
};

// Makes `fiber` start at `entry` when it is next switched to; `entry` must never return.
void prepare(Fiber& fiber, void (*entry)());

// Runs `to` until something switches back. `leaving`: `from` will not run again.
void switch_fiber(Fiber& from, Fiber& to, bool leaving = false);

// The first thing that a prepared fiber calls.
void arrived_on_fiber();

bool on_stack(const Fiber& fiber, const void* p);

}  // namespace mt::emu
