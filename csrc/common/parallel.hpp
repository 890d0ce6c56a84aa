// Threads: one pool for the process, made when it is first needed.
//
// Not OpenMP, because a forked child must be able to compute (libgomp hangs there) and
// ThreadSanitizer must be able to see the synchronisation.
#pragma once

namespace mt {

// How many threads kernels may use: OMP_NUM_THREADS at first, else the CPUs this process has.
int num_threads();
void set_num_threads(int count);

using TaskFunction = void (*)(void* context, long task, int worker);
void run_tasks(long tasks, int threads, TaskFunction call, void* context);

// body(task, worker) for task = 0 .. tasks - 1, handed to whichever thread is free;
// worker < threads names the thread, for scratch memory. Returns when all are done. Results must
// not depend on who runs a task: what has to be summed is summed in the order of the tasks.
// With one thread, or while another call has the pool, everything runs on the caller.
template <class Body>
void parallel_for(long tasks, int threads, Body&& body) {
    auto call = [](void* context, long task, int worker) {
        (*static_cast<Body*>(context))(task, worker);
    };
    run_tasks(tasks, threads, call, const_cast<void*>(static_cast<const void*>(&body)));
}

using StepFunction = void (*)(void* context, long step, long task, int worker);
void run_steps(long steps, long tasks, int threads, StepFunction call, void* context);

// body(step, task, worker) for tasks that come again in every step: all of step 0, then all of
// step 1, ... The threads are called once, not at each step; and each begins every step with the
// same tasks, what they read being in its cache still, before it helps the others with theirs.
// A step begins when the tasks before it are done, whoever did them: nobody waits for a thread
// that has not come.
template <class Body>
void parallel_steps(long steps, long tasks, int threads, Body&& body) {
    auto call = [](void* context, long step, long task, int worker) {
        (*static_cast<Body*>(context))(step, task, worker);
    };
    run_steps(steps, tasks, threads, call, const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace mt
