// Memory of large arrays, kept when an array dies so that the next one need not ask the system.
//
// The system gives fresh memory page by page, each at its first touch, cleared: for a large array
// that takes longer than the arithmetic of a small layer. A training step asks for the same
// sizes again and again, so what it has given back fits.
#pragma once

#include <cstddef>

namespace mt {

constexpr std::size_t CACHED_FROM = 64 << 10;  // bytes; malloc is as good for less

struct CacheState {
    std::size_t used;   // bytes in arrays
    std::size_t held;   // taken from the system: used, and what is idle
    std::size_t peak;   // the most that was ever used at once
    std::size_t asked;  // how often the system was asked for a block
};

// Memory that begins on a page, and on a huge one from 2 MiB on; null if there is none left. A
// block is used again for what fills eight ninths of it at least, the smallest first. Any thread
// may call.
void* cache_take(std::size_t bytes);
// Ends the life of what cache_take gave; null is nothing.
void cache_give(void* data);
// How much may be written there.
std::size_t cache_size(void* data);

CacheState cache_state();

// At most `bytes` stay idle from now on; 0 turns the cache off. At first the only limit is
// that what is held does not exceed what was used at once before, by more than a quarter.
void set_cache_limit(std::size_t bytes);
// Gives everything idle back to the system, and forgets the peak.
void empty_cache();

}  // namespace mt
