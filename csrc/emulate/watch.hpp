// The watched build (-DMT_WATCH=1): every load and store of a kernel passes through csrc/emulate/
// watch, which knows what may be touched, by whom and in which order, and counts what it costs.
//
// The compiler puts a call to __tsan_read4(p) before each load of 4 bytes when it is given
// -fsanitize=thread; watch/callbacks.cpp defines those functions itself. What no instruction of
// the kernel does (copies, the hardware's reads of tiles) is told by sanitize::reads and writes.
//
// An error names the kernel, the line, the block and the thread:
//   bounds      an access must lie in an argument of the running call, in a shared variable, on
//               the thread's own stack or in the module's constants
//   kinds       no write to an input, no vector at an address that is not the vector's
//   contents    no read of shared memory that nobody wrote, or that a cp.async is copying to
//   races       two threads, one place, at least one write, and nothing between that orders them:
//               vector clocks, advanced by whatever barrier both came to; from block to block only
//               atomics order. (Pozniansky and Schuster, "Efficient on-the-fly data race detection
//               in multithreaded C++ programs", 2003; Flanagan and Freund, "FastTrack", 2009.)
//
// In all other builds everything here is empty.
#pragma once

#include <cstddef>
#include <string>

#ifndef MT_WATCH
#    define MT_WATCH 0
#endif

namespace mt::emu {
struct Where;
struct Fiber;
}  // namespace mt::emu

namespace mt::watch {

#if MT_WATCH

// ---- the arguments of the call that is being made, by the bindings -----------------------------

void forget_arguments();
// `text`: as errors name it, "y (2, 3) float32".
void take_argument(const void* begin, const void* end, const std::string& text);
void argument_is_output(const void* begin);

// ---- what the machine tells, by way of sanitize.hpp --------------------------------------------

struct Context;  // of one fiber
extern Context* now;

void begin(emu::Fiber& fiber);
void switch_to(emu::Fiber& fiber);
void quiet(int by);  // accesses are the machine's own while the sum is not 0
void release(const void* tag);
void acquire(const void* tag);
// The threads whose contexts are given, one for each lane of the mask, have waited for each other.
void meet(void** contexts, unsigned lanes);
void touch(const void* p, std::size_t bytes, bool write, emu::Where where);
unsigned copy_begins(const void* to, std::size_t bytes, emu::Where where);
void copy_lands(unsigned ticket, const void* to, std::size_t bytes, emu::Where where);

#else

inline void forget_arguments() {}
inline void take_argument(const void*, const void*, const std::string&) {}
inline void argument_is_output(const void*) {}

#endif

}  // namespace mt::watch
