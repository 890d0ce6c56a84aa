// The state of the emulated device, for the files of csrc/emulate only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "emulate/fiber.hpp"
#include "emulate/machine.hpp"
#include "emulate/sanitize.hpp"

namespace mt::emu {

constexpr int WARP = 32, WARPGROUP = 128, NAMED_BARRIERS = 16;

using Act = std::function<void()>;

// Work that a thread or warpgroup has issued and committed in groups; the last one is open.
struct Groups {
    std::vector<std::vector<Act>> groups{1};
    void add(Act act) { groups.back().push_back(std::move(act)); }
    void commit() { groups.emplace_back(); }
    void run_all_but(int pending);
    void drain();  // runs everything, and keeps the groups
    bool idle() const { return groups.size() == 1 && groups[0].empty(); }
    void reset() {
        if (!idle()) groups.assign(1, {});
    }
};

struct Block;

struct Thread {
    Index index;
    int linear, lane, warp;
    Block* block;
    Fiber* fiber;
    enum class State { ready, waiting, done } state;
    const char* waits_for;  // while it waits, at:
    Where where;
    Groups copies, stores;
    unsigned warp_barriers;       // how many this thread has passed
    unsigned cluster_generation;  // of the cluster's barrier at which it last arrived
    bool cluster_arrived;         // there, and has not waited yet
    bool fenced;                  // its registers, before wgmma
};

// Threads that meet: at a barrier, or for a warp-wide operation.
struct Meeting {
    unsigned mask = 0, present = 0;  // of a warp's meeting: who is to come, who has
    int arrived = 0, expected = 0;
    const char* what = nullptr;
    Where where{};
    std::vector<Thread*> waiting;
    std::vector<void*> arguments;
    unsigned generation = 0;
};

struct Mbarrier {
    int expected = 0, pending = 0;
    long transactions = 0;
    int phase = 0;
    std::vector<Thread*> waiting;
    char tag[2] = {};
};

// Where a kernel's shared memory lies, the same in every block: dynamic first, then each variable
// at its first mention.
struct Layout {
    std::size_t dynamic = 0, used = 0;
    struct Variable {
        const void* key;
        std::size_t offset, bytes;
    };
    std::vector<Variable> variables;
};

// The shared memory of one block.
struct Shared {
    char* base = nullptr;  // aligned to 1024 bytes; kept from block to block
    void begin(const Layout& layout);
    void poison(std::size_t offset, std::size_t bytes);  // makes it usable, full of NaNs
    void end();
};

struct Block {
    Index index;
    int rank;  // in its cluster
    int alive;
    Shared shared;
    std::vector<Thread> threads;
    std::deque<Fiber> fibers;  // one for each thread of the largest block so far
    Meeting barrier, named[NAMED_BARRIERS];
    std::vector<std::vector<Meeting>> warps;  // meetings of each warp, by mask
    std::vector<Meeting> warpgroups;
    std::vector<Groups> products;  // of each warpgroup
    std::map<void*, Mbarrier> mbarriers;
    char barrier_tag[NAMED_BARRIERS][2], warp_tag[WARP][2];
};

// A bulk copy that has not landed.
struct Pending {
    Act act;
    Where where;
};

struct Machine {
    const Launch* launch = nullptr;
    const Act* body = nullptr;
    std::vector<std::unique_ptr<Block>> blocks;  // the first `running` are the cluster's
    std::size_t running = 0;
    Layout layout;
    Meeting cluster_barrier;
    char cluster_tag[2];
    std::deque<Thread*> ready;
    std::deque<Pending> pending;
    Fiber home;                // the caller's stack
    int total = 0, alive = 0;  // threads of the cluster
    bool failed = false;
    std::string error;
    unsigned random = 1;
    char launch_tag;
};

extern Machine machine;

void wake(Thread& thread);
void wake_all(std::vector<Thread*>& threads);
// Puts the running thread to sleep until it is woken; fails if nobody is left to do it.
void wait(const char* what, Where where);
std::string describe(const Thread& thread);
// At the cluster's barrier a thread that has ended counts as one that has come.
void cluster_leave(Thread& thread);
void land(Act& act);  // what the hardware does on its own
Block& block_of(const void* shared);
Mbarrier& mbarrier_at(void* barrier, Where where);

}  // namespace mt::emu
