// Barriers, and the operations that a warp or warpgroup does as one.
#include <algorithm>
#include <cstring>

#include "emulate/state.hpp"

namespace mt::emu {

namespace {

// Joins a meeting; true for the thread that completes it, which then wakes the others.
bool join(Meeting& meeting, const char* what, int expected, Where where) {
    if (meeting.arrived == 0) {
        meeting.what = what;
        meeting.where = where;
        meeting.expected = expected;
    }
    return ++meeting.arrived == expected;
}

void complete(Meeting& meeting) {
    meeting.arrived = 0;
    meeting.generation++;
    wake_all(meeting.waiting);
    // Under random order the last one to come must not always be the first to leave.
    if (schedule.threads == Order::random && random_bits() % 2) yield();
}

void attend(Meeting& meeting, const char* what, Where where) {
    meeting.waiting.push_back(current);
    wait(what, where);
}

bool same_place(const Meeting& meeting, const char* what, Where where) {
    return meeting.where.line == where.line && std::strcmp(meeting.what, what) == 0;
}

void check_same_place(const Meeting& meeting, const char* what, Where where) {
    if (meeting.arrived && !same_place(meeting, what, where))
        fail(where, "divergence: it is at %s while %s is at %s (line %d)", what,
             describe(*meeting.waiting.front()).c_str(), meeting.what, meeting.where.line);
}

}  // namespace

void block_barrier(Where where) {
    sanitize::Quiet quiet;
    Block& block = *current->block;
    Meeting& meeting = block.barrier;
    check_same_place(meeting, "__syncthreads", where);
    int all = int(block.threads.size());
    if (block.alive < all)
        fail(where, "__syncthreads after %d thread(s) of the block have ended", all - block.alive);
    char* tag = &block.barrier_tag[0][meeting.generation & 1];
    sanitize::release(tag);
    if (join(meeting, "__syncthreads", all, where))
        complete(meeting);
    else
        attend(meeting, "__syncthreads", where);
    sanitize::acquire(tag);
}

void named_barrier(int id, int count, bool waits, Where where) {
    sanitize::Quiet quiet;
    if (id < 1 || id >= NAMED_BARRIERS || count % WARP || count < WARP)
        fail(where, "named barrier %d for %d threads: ids are 1 to 15, counts multiples of 32", id,
             count);
    Block& block = *current->block;
    Meeting& meeting = block.named[id];
    if (meeting.arrived && meeting.expected != count)
        fail(where, "named barrier %d is for %d threads here and for %d at line %d", id, count,
             meeting.expected, meeting.where.line);
    char* tag = &block.barrier_tag[id][meeting.generation & 1];
    sanitize::release(tag);
    if (join(meeting, "a named barrier", count, where))
        complete(meeting);
    else if (waits)
        attend(meeting, "a named barrier", where);
    if (waits) sanitize::acquire(tag);
}

namespace {

// All blocks of the cluster; those who have ended have come to every later phase already.
void cluster_join(Where where) {
    Meeting& meeting = machine.cluster_barrier;
    meeting.where = where;
    if (++meeting.arrived < machine.total) return;
    meeting.arrived = machine.total - machine.alive;
    meeting.generation++;
    wake_all(meeting.waiting);
}

}  // namespace

void cluster_arrive(Where where) {
    sanitize::Quiet quiet;
    Meeting& meeting = machine.cluster_barrier;
    if (current->cluster_arrived)
        fail(where, "arrives at the cluster's barrier twice, with no wait");
    current->cluster_arrived = true;
    current->cluster_generation = meeting.generation;
    sanitize::release(&machine.cluster_tag[meeting.generation & 1]);
    cluster_join(where);
}

void cluster_wait(Where where) {
    sanitize::Quiet quiet;
    Meeting& meeting = machine.cluster_barrier;
    if (!current->cluster_arrived) fail(where, "waits at the cluster's barrier, with no arrival");
    while (meeting.generation == current->cluster_generation)
        attend(meeting, "the cluster's barrier", where);
    current->cluster_arrived = false;
    sanitize::acquire(&machine.cluster_tag[current->cluster_generation & 1]);
}

void cluster_leave(Thread& thread) {
    const Meeting& meeting = machine.cluster_barrier;
    const bool has_come = thread.cluster_arrived && thread.cluster_generation == meeting.generation;
    if (!has_come) cluster_join({"the end of the kernel", 0});
}

namespace {

// The warp's meeting of this mask, or a free one.
Meeting& meeting_of(std::vector<Meeting>& meetings, unsigned mask) {
    Meeting* free = nullptr;
    for (Meeting& meeting : meetings) {
        if (meeting.arrived && meeting.mask == mask) return meeting;
        if (!meeting.arrived) free = &meeting;
    }
    if (!free) free = &meetings.emplace_back();
    free->mask = mask;
    free->present = 0;
    return *free;
}

}  // namespace

void warp_collective(const char* what, unsigned mask, void* argument,
                     void (*combine)(void** arguments, unsigned mask), Where where) {
    sanitize::Quiet quiet;
    if (!(mask >> current->lane & 1)) fail(where, "%s with a mask %08x without it", what, mask);
    Block& block = *current->block;
    int lanes = std::min(WARP, int(block.threads.size()) - current->warp * WARP);
    if (lanes < WARP) mask &= (1u << lanes) - 1;
    auto& meetings = block.warps[current->warp];
    for (int l = 0; l < lanes; l++)
        if ((mask >> l & 1) && block.threads[current->warp * WARP + l].state == Thread::State::done)
            fail(where, "%s waits for lane %d, which has ended", what, l);
    Meeting& meeting = meeting_of(meetings, mask);
    check_same_place(meeting, what, where);
    meeting.present |= 1u << current->lane;
    // Meetings may overlap, but not wait for each other's lanes.
    for (Meeting& other : meetings)
        if (other.arrived && &other != &meeting && (other.present & mask) &&
            (meeting.present & other.mask))
            fail(where, "divergence: %s for the lanes %08x while others are at %s for %08x", what,
                 mask, other.what, other.mask);
    meeting.arguments.resize(WARP);
    meeting.arguments[current->lane] = argument;
    if (join(meeting, what, __builtin_popcount(mask), where)) {
        combine(meeting.arguments.data(), mask);
        complete(meeting);
    } else {
        attend(meeting, what, where);
    }
}

void warpgroup_collective(const char* what, void* argument, void (*combine)(void** arguments),
                          Where where) {
    sanitize::Quiet quiet;
    Block& block = *current->block;
    int group = current->linear / WARPGROUP;
    if (int(block.threads.size()) < (group + 1) * WARPGROUP)
        fail(where, "%s needs a whole warpgroup of 128 threads", what);
    Meeting& meeting = block.warpgroups[group];
    check_same_place(meeting, what, where);
    meeting.arguments.resize(WARPGROUP);
    meeting.arguments[current->linear % WARPGROUP] = argument;
    if (join(meeting, what, WARPGROUP, where)) {
        combine(meeting.arguments.data());
        complete(meeting);
    } else {
        attend(meeting, what, where);
    }
}

void warp_barrier(unsigned mask, Where where) {
    sanitize::Quiet quiet;
    char* tag = &current->block->warp_tag[current->warp][current->warp_barriers++ & 1];
    sanitize::release(tag);
    int nothing = 0;
    warp_collective("__syncwarp", mask, &nothing, [](void**, unsigned) {}, where);
    sanitize::acquire(tag);
}

}  // namespace mt::emu
