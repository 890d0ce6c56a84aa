// The scheduler: which thread runs next, and what a launch does with its blocks.
#include "emulate/machine.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <numeric>
#include <stdexcept>

#include "emulate/state.hpp"

namespace mt::emu {

Schedule schedule;
Properties properties;
Statistics statistics;
Machine machine;
Thread* current = nullptr;

const Index& thread_index() {
    return current->index;
}
const Index& block_index() {
    return current->block->index;
}
const Dim& block_dim() {
    return machine.launch->block;
}
const Dim& grid_dim() {
    return machine.launch->grid;
}
int lane() {
    return current->lane;
}
int warp() {
    return current->warp;
}
int linear() {
    return current->linear;
}
int cluster_rank() {
    return current->block->rank;
}
int cluster_size() {
    return int(machine.launch->cluster.count());
}
bool in_kernel() {
    return current != nullptr;
}

unsigned random_bits() {
    unsigned& bits = machine.random;
    bits ^= bits << 13;
    bits ^= bits >> 17;
    bits ^= bits << 5;
    return bits;
}

// ---- errors -----------------------------------------------------------------------------------

std::string describe(const Thread& thread) {
    const Index &b = thread.block->index, &t = thread.index;
    char text[128];
    std::snprintf(text, sizeof text, "block (%u,%u,%u), thread (%u,%u,%u)", b.x, b.y, b.z, t.x, t.y,
                  t.z);
    return text;
}

namespace {

std::string place(Where where) {
    std::string file = where.file;
    if (auto at = file.find("csrc/"); at != std::string::npos) file = file.substr(at);
    return file + ":" + std::to_string(where.line);
}

void note_error(const std::string& text) {
    if (machine.failed) return;
    machine.failed = true;
    machine.error = text;
}

MT_NO_SANITIZE void enter(Thread* next) {
    Fiber& from = current ? *current->fiber : machine.home;
    Fiber& to = next ? *next->fiber : machine.home;
    bool leaving = current && (current->state == Thread::State::done || machine.failed);
    if (&from == &to) return;
    statistics.switches++;
    current = next;
    switch_fiber(from, to, leaving);
}

std::string waiting_threads() {
    std::string text;
    int shown = 0, more = 0;
    for (std::size_t i = 0; i < machine.running; i++)
        for (Thread& thread : machine.blocks[i]->threads) {
            if (thread.state != Thread::State::waiting) continue;
            if (shown == 3) {
                more++;
                continue;
            }
            shown++;
            text += "; " + describe(thread) + " waits for " + thread.waits_for + " at " +
                    place(thread.where);
        }
    return text + (more ? "; and " + std::to_string(more) + " more" : "");
}

}  // namespace

void fail(Where where, const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    std::string by = current ? ", " + describe(*current) : "";
    note_error(std::string(machine.launch ? machine.launch->kernel : "") + " (" + place(where) +
               ")" + by + ": " + text);
    enter(nullptr);
    std::abort();  // a failed launch resumes none of its threads
}

// ---- scheduling -------------------------------------------------------------------------------

void land(Act& act) {
    sanitize::Quiet quiet;
    act();
}

void wake(Thread& thread) {
    thread.state = Thread::State::ready;
    machine.ready.push_back(&thread);
}

void wake_all(std::vector<Thread*>& threads) {
    std::vector<Thread*> all;
    all.swap(threads);  // those that are woken may already come again
    for (Thread* thread : all) wake(*thread);
}

namespace {

void land_one(std::size_t which) {
    Pending copy = std::move(machine.pending[which]);
    machine.pending.erase(machine.pending.begin() + which);
    land(copy.act);
}

// The thread that runs next, or null if none can. Late copies land only when nobody else can go on.
Thread* choose() {
    auto& ready = machine.ready;
    auto& pending = machine.pending;
    for (;;) {
        if (schedule.landing == Landing::random && !pending.empty() && random_bits() % 8 == 0) {
            land_one(random_bits() % pending.size());
            continue;
        }
        if (!ready.empty()) {
            Thread* next = ready.front();
            if (schedule.threads == Order::forward) {
                ready.pop_front();
            } else if (schedule.threads == Order::reverse) {
                next = ready.back();
                ready.pop_back();
            } else {
                std::swap(ready[random_bits() % ready.size()], ready.back());
                next = ready.back();
                ready.pop_back();
            }
            return next;
        }
        if (pending.empty() || machine.alive == 0) return nullptr;
        land_one(0);
    }
}

}  // namespace

void wait(const char* what, Where where) {
    current->state = Thread::State::waiting;
    current->waits_for = what;
    current->where = where;
    Thread* next = choose();
    if (!next) {
        note_error(std::string(machine.launch->kernel) + " (" + place(where) +
                   "): deadlock: nobody can go on" + waiting_threads());
        enter(nullptr);
        std::abort();
    }
    enter(next);
}

void yield() {
    sanitize::Quiet quiet;
    // Behind all others, in every order: who polls must not keep those from running it polls for.
    Thread* next = choose();
    if (!next) return;
    current->state = Thread::State::ready;
    if (schedule.threads == Order::reverse)
        machine.ready.push_front(current);
    else
        machine.ready.push_back(current);
    enter(next);
}

namespace {

// A thread that has ended will not come to any meeting.
void check_left_behind(Thread& thread) {
    Block& block = *thread.block;
    auto check = [&](const Meeting& meeting) {
        if (meeting.arrived)
            fail(meeting.where, "has ended while %s waits for it in %s",
                 describe(*meeting.waiting.front()).c_str(), meeting.what);
    };
    check(block.barrier);
    for (auto& meeting : block.warps[thread.warp])
        if (meeting.mask >> thread.lane & 1) check(meeting);
    auto check_done = [&](const Groups& groups, const char* what) {
        for (auto& group : groups.groups)
            if (!group.empty()) fail({what, 0}, "has ended without waiting for what it started");
    };
    check_done(thread.copies, "cp.async");
    check_done(thread.stores, "tensor_store");
    check_done(block.products[thread.linear / WARPGROUP], "wgmma");
}

MT_NO_SANITIZE void thread_main() {
    arrived_on_fiber();
    sanitize::acquire(&machine.launch_tag);
    (*machine.body)();
    sanitize::release(&machine.launch_tag);
    {
        sanitize::Quiet quiet;
        check_left_behind(*current);
        current->state = Thread::State::done;
        current->block->alive--;
        machine.alive--;
        cluster_leave(*current);
    }
    Thread* next = choose();
    if (!next && machine.alive > 0)
        note_error(std::string(machine.launch->kernel) + ": deadlock: nobody can go on" +
                   waiting_threads());
    enter(next);
    std::abort();
}

void begin(Block& block, Index index, int rank) {
    const Launch& launch = *machine.launch;
    int count = int(launch.block.count());
    block.index = index;
    block.rank = rank;
    block.alive = count;
    block.shared.begin(machine.layout);
    block.barrier = Meeting{};
    std::fill(std::begin(block.named), std::end(block.named), Meeting{});
    block.warps.assign((count + WARP - 1) / WARP, {});
    block.warpgroups.assign((count + WARPGROUP - 1) / WARPGROUP, Meeting{});
    block.products.assign(block.warpgroups.size(), Groups{});
    block.mbarriers.clear();
    block.threads.resize(count);
    if (int(block.fibers.size()) < count) block.fibers.resize(count);
    const Dim& size = launch.block;
    for (int i = 0; i < count; i++) {
        Thread& thread = block.threads[i];
        thread.index = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
        thread.linear = i;
        thread.lane = i % WARP;
        thread.warp = i / WARP;
        thread.block = &block;
        thread.copies.reset();
        thread.stores.reset();
        thread.warp_barriers = 0;
        thread.cluster_arrived = thread.fenced = false;
        thread.fiber = &block.fibers[i];
        prepare(*thread.fiber, thread_main);
        wake(thread);
    }
}

std::vector<std::size_t> block_order(std::size_t count) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    if (schedule.blocks == Order::reverse) std::reverse(order.begin(), order.end());
    if (schedule.blocks == Order::random)
        for (std::size_t i = count; i > 1; i--) std::swap(order[i - 1], order[random_bits() % i]);
    return order;
}

void check(const Launch& launch) {
    std::string text;
    std::size_t threads = launch.block.count(), cluster = launch.cluster.count();
    const Dim &g = launch.grid, &c = launch.cluster;
    if (threads < 1 || threads > 1024 || launch.block.z > 64)
        text = std::to_string(threads) + " threads a block, the limit is 1024";
    else if (g.count() == 0 || g.x > 0x7fffffff || g.y > 65535 || g.z > 65535)
        text = "a grid has 1 to 2^31 - 1 blocks along x and 1 to 65535 along y and z";
    else if (cluster < 1 || cluster > 8 || g.x % c.x || g.y % c.y || g.z % c.z)
        text = "a cluster has 1 to 8 blocks and divides the grid";
    else if (launch.dynamic_shared > properties.shared_limit)
        text = std::to_string(launch.dynamic_shared) + " bytes of shared memory, the limit is " +
               std::to_string(properties.shared_limit);
    if (text.empty()) return;
    auto show = [](const Dim& d) {
        return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) +
               ")";
    };
    throw std::runtime_error(std::string(launch.kernel) + ": cannot launch grid " + show(g) +
                             " of blocks " + show(launch.block) + " in clusters " + show(c) + ": " +
                             text);
}

// Runs the blocks of one cluster to their end.
void run_cluster(Index first) {
    const Dim& size = machine.launch->cluster;
    std::size_t count = size.count();
    while (machine.blocks.size() < count) machine.blocks.push_back(std::make_unique<Block>());
    machine.running = count;
    machine.cluster_barrier = Meeting{};
    machine.ready.clear();
    machine.pending.clear();
    machine.total = machine.alive = int(machine.launch->block.count() * count);
    statistics.blocks += count;
    statistics.threads += machine.alive;
    for (unsigned i = 0; i < count; i++)
        begin(
            *machine.blocks[i],
            {first.x + i % size.x, first.y + i / size.x % size.y, first.z + i / (size.x * size.y)},
            int(i));
    sanitize::release(&machine.launch_tag);
    enter(choose());
    sanitize::acquire(&machine.launch_tag);
    if (!machine.failed && !machine.pending.empty())
        note_error(std::string(machine.launch->kernel) + " (" + place(machine.pending[0].where) +
                   "): the block has ended, and this copy to its shared memory not: nobody waits "
                   "for its mbarrier");
    for (unsigned i = 0; i < count; i++) machine.blocks[i]->shared.end();
}

}  // namespace

void run(const Launch& launch, const std::function<void()>& body) {
    static std::mutex one_at_a_time;
    std::lock_guard<std::mutex> lock(one_at_a_time);
    check(launch);
#if MT_ASAN
    sanitize::main_stack = nullptr;  // of the thread that calls
#endif
    machine.launch = &launch;
    machine.body = &body;
    machine.layout = Layout{};
    machine.layout.dynamic = machine.layout.used = launch.dynamic_shared;
    machine.failed = false;
    machine.random = schedule.seed * 2654435761u | 1;
    statistics.launches++;
    const Dim &grid = launch.grid, &cluster = launch.cluster;
    const Dim clusters{grid.x / cluster.x, grid.y / cluster.y, grid.z / cluster.z};
    for (std::size_t i : block_order(clusters.count())) {
        run_cluster({unsigned(i % clusters.x) * cluster.x,
                     unsigned(i / clusters.x % clusters.y) * cluster.y,
                     unsigned(i / clusters.x / clusters.y) * cluster.z});
        if (machine.failed) break;
    }
    machine.launch = nullptr;
    if (machine.failed) throw std::runtime_error(machine.error);
}

}  // namespace mt::emu
