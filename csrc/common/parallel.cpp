#include "common/parallel.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
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

// Waits for what is about to happen: asleep, a thread takes longer to wake, 50 microseconds and
// more on a virtual machine, than most kernels take. False if it did not happen in time.
template <class Ready>
bool spin_until(const Ready& ready) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::microseconds(200);
    for (;;) {
        for (int i = 0; i < 64; i++) {
            if (ready()) return true;
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#endif
        }
        if (Clock::now() > end) return false;
        std::this_thread::yield();
    }
}

class Pool {
  public:
    // False if another caller has the pool.
    bool run(long tasks, int threads, TaskFunction call, void* context) {
        std::unique_lock<std::mutex> mine(busy_, std::try_to_lock);
        if (!mine.owns_lock()) return false;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            while (static_cast<int>(workers_.size()) < threads - 1) {
                int id = static_cast<int>(workers_.size()) + 1;
                workers_.emplace_back([this, id, born = generation_.load()] { serve(id, born); });
            }
            call_ = call, context_ = context, tasks_ = tasks;
            next_.store(0, std::memory_order_relaxed);
            taking_part_ = threads - 1;
            generation_++;
        }
        wake_.notify_all();
        work(0);
        std::unique_lock<std::mutex> lock(mutex_);
        taking_part_ = 0;  // nothing is left to begin: who is still asleep may stay so
        if (working_ == 0) return true;
        lock.unlock();
        if (spin_until([this] { return working_ == 0; })) return true;
        lock.lock();
        done_.wait(lock, [this] { return working_ == 0; });
        return true;
    }

  private:
    void work(int worker) {
        for (long task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;)
            call_(context_, task, worker);
    }

    void serve(int id, std::uint64_t seen) {
        for (;;) {
            spin_until([&] { return generation_ != seen; });
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [&] { return generation_ != seen; });
            seen = generation_;
            if (id > taking_part_) continue;
            working_++;
            lock.unlock();
            work(id);
            lock.lock();
            if (--working_ == 0) done_.notify_one();
        }
    }

    std::mutex busy_;   // held for the length of one run
    std::mutex mutex_;  // guards everything below
    std::condition_variable wake_, done_;
    std::vector<std::thread> workers_;
    TaskFunction call_ = nullptr;
    void* context_ = nullptr;
    long tasks_ = 0;
    std::atomic<long> next_{0};
    int taking_part_ = 0;
    std::atomic<int> working_{0};  // these two are written under the lock, and watched without
    std::atomic<std::uint64_t> generation_{0};
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

// The tasks of run_steps: home h has the tasks [first(h), first(h + 1)) of every step.
class Steps {
  public:
    static constexpr int HOMES = 64;  // at most

    Steps(long steps, long tasks, int homes, StepFunction call, void* context)
        : steps_(steps), tasks_(tasks), homes_(homes), call_(call), context_(context) {}

    void work(int worker) {
        for (long step = 0; step < steps_; step++) {
            for (int i = 0; i < homes_; i++)
                for (long task; (task = take(step, (worker + i) % homes_)) >= 0; done_++)
                    call_(context_, step, task, worker);
            const long due = (step + 1) * tasks_;
            while (!spin_until([&] { return done_ >= due; }))
                std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }

  private:
    long first(int home) const { return tasks_ * home / homes_; }

    // A task of the home that nobody has begun at this step, or -1. Nobody is ahead of the
    // slowest task, so the counter of tasks taken tells the step too.
    long take(long step, int home) {
        const long count = first(home + 1) - first(home);
        long taken = taken_[home].count;
        while (taken < (step + 1) * count)
            if (taken_[home].count.compare_exchange_weak(taken, taken + 1))
                return first(home) + taken - step * count;
        return -1;
    }

    struct alignas(64) Counter {  // in a cache line of its own
        std::atomic<long> count{0};
    };

    const long steps_, tasks_;
    const int homes_;
    const StepFunction call_;
    void* const context_;
    Counter taken_[HOMES];
    alignas(64) std::atomic<long> done_{0};  // tasks of all steps
};

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

void run_steps(long steps, long tasks, int threads, StepFunction call, void* context) {
    const int homes = static_cast<int>(std::min<long>({threads, tasks, Steps::HOMES}));
    if (homes > 1) {
        Steps all(steps, tasks, homes, call, context);
        return parallel_for(homes, homes,
                            [&](long home, int) { all.work(static_cast<int>(home)); });
    }
    for (long step = 0; step < steps; step++)
        for (long task = 0; task < tasks; task++) call(context, step, task, 0);
}

}  // namespace mt
