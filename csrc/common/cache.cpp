#include "common/cache.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

namespace mt {
namespace {

constexpr std::size_t PAGE = 4096, HUGE = 2u << 20;

void* map(std::size_t bytes) {
    std::size_t slack = bytes < HUGE ? 0 : HUGE - PAGE;
    void* whole =
        mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole == MAP_FAILED) return nullptr;
    if (!slack) return whole;
    // Cut off what lies before the first boundary of a huge page, and what is too much behind.
    char* start = static_cast<char*>(whole);
    std::size_t before = (HUGE - reinterpret_cast<std::uintptr_t>(start) % HUGE) % HUGE;
    if (before) munmap(start, before);
    if (before < slack) munmap(start + before + bytes, slack - before);
#ifdef MADV_HUGEPAGE
    madvise(start + before, bytes, MADV_HUGEPAGE);
#endif
    return start + before;
}

class Cache {
  public:
    void* take(std::size_t bytes) {
        bytes = (std::max(bytes, std::size_t(1)) + PAGE - 1) / PAGE * PAGE;
        std::lock_guard<std::mutex> lock(mutex_);
        auto fit = idle_.lower_bound(bytes);
        void* data;
        if (fit != idle_.end() && fit->first <= bytes + bytes / 8) {
            bytes = fit->first;
            data = fit->second.data;
            idle_.erase(fit);
        } else {
            // Before more is taken, so that what is held at once never exceeds the bound.
            shrink(bound(used_ + bytes), bytes);
            data = map(bytes);
            if (!data) {
                shrink(0, 0);
                data = map(bytes);
            }
            if (!data) return nullptr;
            held_ += bytes;
            asked_++;
        }
        used_ += bytes;
        peak_ = std::max(peak_, used_);
        sizes_.emplace(data, bytes);
        return data;
    }

    void give(void* data) {
        if (!data) return;
        std::lock_guard<std::mutex> lock(mutex_);
        auto found = sizes_.find(data);
        std::size_t bytes = found->second;
        sizes_.erase(found);
        used_ -= bytes;
        // Of equal blocks the one used last comes first: it is still in the processor's caches.
        idle_.emplace_hint(idle_.lower_bound(bytes), bytes, Idle{data, ++clock_});
        shrink(bound(used_), 0);
    }

    std::size_t size(void* data) {
        std::lock_guard<std::mutex> lock(mutex_);
        return sizes_.find(data)->second;
    }

    CacheState state() {
        std::lock_guard<std::mutex> lock(mutex_);
        return {used_, held_, peak_, asked_};
    }

    void limit(std::size_t bytes) {
        std::lock_guard<std::mutex> lock(mutex_);
        limit_ = bytes;
        shrink(bound(used_), 0);
    }

    void empty() {
        std::lock_guard<std::mutex> lock(mutex_);
        peak_ = used_;
        shrink(0, 0);
    }

    void before_fork() { mutex_.lock(); }
    void after_fork() { mutex_.unlock(); }

  private:
    struct Idle {
        void* data;
        std::uint64_t since;
    };

    // The most that may be held while `used` bytes are.
    std::size_t bound(std::size_t used) const {
        std::size_t peak = std::max(peak_, used);
        std::size_t by_limit = limit_ > SIZE_MAX - used ? SIZE_MAX : used + limit_;
        return std::min(peak + peak / 4, by_limit);
    }

    // Unmaps idle blocks, the longest unused first, until `more` bytes can be held as well.
    void shrink(std::size_t bound, std::size_t more) {
        while (held_ + more > bound && !idle_.empty()) {
            auto oldest = std::min_element(
                idle_.begin(), idle_.end(),
                [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
            munmap(oldest->second.data, oldest->first);
            held_ -= oldest->first;
            idle_.erase(oldest);
        }
    }

    std::mutex mutex_;  // guards everything below
    std::multimap<std::size_t, Idle> idle_;
    std::unordered_map<void*, std::size_t> sizes_;  // of the blocks in use
    std::size_t used_ = 0, held_ = 0, peak_ = 0, limit_ = SIZE_MAX, asked_ = 0;
    std::uint64_t clock_ = 0;
};

// Never destroyed: arrays may outlive everything else. A forked child has its own copy, whole
// because nobody is inside while the process forks.
Cache& cache() {
    static Cache* const only = [] {
        pthread_atfork([] { cache().before_fork(); }, [] { cache().after_fork(); },
                       [] { cache().after_fork(); });
        return new Cache;
    }();
    return *only;
}

}  // namespace

void* cache_take(std::size_t bytes) {
    return cache().take(bytes);
}
void cache_give(void* data) {
    cache().give(data);
}
std::size_t cache_size(void* data) {
    return cache().size(data);
}
CacheState cache_state() {
    return cache().state();
}
void set_cache_limit(std::size_t bytes) {
    cache().limit(bytes);
}
void empty_cache() {
    cache().empty();
}

}  // namespace mt
