#include "common/parallel.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace mt {
namespace {

int threads_at_start() {
    if (const char* wish = std::getenv("OMP_NUM_THREADS")) {
        int count = std::atoi(wish);  // the first of a list such as "4,2"
        if (count > 0) return count;
    }
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// Some ten microseconds: between two kernels of a captured step passes less than it takes to wake
// a thread that sleeps.
constexpr int SPINS = 400;

// Looks at `reached` for a while; false if that was not enough.
template <class Reached>
bool spin(Reached&& reached) {
    for (int i = 0; i < SPINS; i++, pause())
        if (reached()) return true;
    return reached();
}

class Pool {
  public:
    // False if another caller has the pool.
    bool run(long tasks, int threads, TaskFunction call, void* context) {
        std::unique_lock<std::mutex> mine(busy_, std::try_to_lock);
        if (!mine.owns_lock()) return false;
        while (static_cast<int>(workers_.size()) < threads - 1) {
            int id = static_cast<int>(workers_.size()) + 1;
            workers_.emplace_back([this, id, born = state_.load()] { serve(id, born); });
        }
        // No worker reads these: the ones of the last run are done with it.
        call_ = call, context_ = context, tasks_ = tasks;
        next_.store(0, std::memory_order_relaxed);
        unfinished_.store(threads - 1, std::memory_order_relaxed);
        const std::uint64_t generation = state_.load() / PARTS + 1;
        state_.store(generation * PARTS + static_cast<std::uint64_t>(threads - 1));
        if (sleeping_.load() > 0) {
            std::lock_guard<std::mutex> lock(mutex_);
            wake_.notify_all();
        }
        work(0);
        auto finished = [this] { return unfinished_.load() == 0; };
        if (spin(finished)) return true;
        std::unique_lock<std::mutex> lock(mutex_);
        waiting_.store(true);
        done_.wait(lock, finished);
        waiting_.store(false);
        return true;
    }

  private:
    static constexpr std::uint64_t PARTS = 1 << 12;  // more than there are threads

    void work(int worker) {
        for (long task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;)
            call_(context_, task, worker);
    }

    void serve(int id, std::uint64_t seen) {
        for (;;) {
            auto called = [&] { return state_.load() != seen; };
            if (!spin(called)) {
                std::unique_lock<std::mutex> lock(mutex_);
                sleeping_.fetch_add(1);
                wake_.wait(lock, called);
                sleeping_.fetch_sub(1);
            }
            seen = state_.load();
            // Who takes part is waited for, so the run that it sees is still the last one.
            if (static_cast<std::uint64_t>(id) > seen % PARTS) continue;
            work(id);
            if (unfinished_.fetch_sub(1) == 1 && waiting_.load()) {
                std::lock_guard<std::mutex> lock(mutex_);
                done_.notify_one();
            }
        }
    }

    std::mutex busy_;   // held for the length of one run
    std::mutex mutex_;  // for those who sleep
    std::condition_variable wake_, done_;
    std::vector<std::thread> workers_;
    TaskFunction call_ = nullptr;  // this and the next two are published by state_
    void* context_ = nullptr;
    long tasks_ = 0;
    std::atomic<long> next_{0};
    std::atomic<std::uint64_t> state_{0};  // number of the run, and how many workers take part
    std::atomic<int> unfinished_{0}, sleeping_{0};
    std::atomic<bool> waiting_{false};
};

std::atomic<int> wanted_threads{threads_at_start()};

// Never destroyed: its threads sleep until the process ends. A forked child has none of them,
// so it forgets the pool and makes its own.
std::atomic<Pool*> the_pool{nullptr};

Pool& pool() {
    static const int watching_forks =
        pthread_atfork(nullptr, nullptr, [] { the_pool.store(nullptr); });
    (void)watching_forks;
    Pool* found = the_pool.load();
    if (!found) {
        auto* made = new Pool;
        if (the_pool.compare_exchange_strong(found, made)) return *made;
        delete made;
    }
    return *found;
}

}  // namespace

int num_threads() {
    return wanted_threads.load(std::memory_order_relaxed);
}
void set_num_threads(int count) {
    wanted_threads.store(count, std::memory_order_relaxed);
}

void run_tasks(long tasks, int threads, TaskFunction call, void* context) {
    if (threads > tasks) threads = static_cast<int>(tasks);
    if (threads > 1 && pool().run(tasks, threads, call, context)) return;
    for (long task = 0; task < tasks; task++) call(context, task, 0);
}

}  // namespace mt
