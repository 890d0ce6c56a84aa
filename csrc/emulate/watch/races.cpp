// Who knows what to have happened: vector clocks of threads, epochs of blocks.
#include "emulate/watch/state.hpp"

#if MT_WATCH
#    include <algorithm>

namespace mt::watch {

namespace {

// Of the cluster that runs.
std::size_t thread_count = 0;
std::unordered_map<const void*, Clock> tags;  // what was known when they were released
std::uint32_t cluster = 0, epoch = 0;         // an epoch ends with each atomic of the cluster
// Of other clusters: the epochs up to which this one knows what they did.
typedef std::unordered_map<std::uint32_t, std::uint32_t> Epochs;
Epochs others;

// Of the launch: the first block of each cluster, and what the last one to come to an atomic's
// address knew.
std::unordered_map<std::uint32_t, emu::Index> first_blocks;
std::unordered_map<const void*, Epochs> meetings;

void join(Clock& into, const Clock& from) {
    if (into.size() < from.size()) into.resize(from.size());
    for (std::size_t i = 0; i < from.size(); i++) into[i] = std::max(into[i], from[i]);
}

void join(Epochs& into, const Epochs& from) {
    for (auto& [which, until] : from) {
        auto& known = into[which];
        known = std::max(known, until);
    }
}

bool happened_before_now(const Access& a) {
    if (a.cluster == cluster) return a.clock <= now->clock[a.thread];
    auto known = others.find(a.cluster);
    return known != others.end() && a.epoch <= known->second;
}

bool same_thread(const Access& a) {
    return a.cluster == cluster && a.thread == now->thread;
}

const Access* conflict_in(Word& word, const Access& fresh) {
    static Access found;
    bool bad = false;
    auto out = word.begin();
    for (Access& a : word) {
        bool ordered = same_thread(a) || happened_before_now(a);
        bool writes = (a.kind | fresh.kind) & WRITE, atomics = a.kind & fresh.kind & ATOMIC;
        if (!bad && !ordered && writes && !atomics && (a.mask & fresh.mask)) {
            bad = true;
            found = a;
        }
        // Whoever conflicts with `a` from now on conflicts with the fresh one as well.
        bool covered =
            ordered && !(a.mask & ~fresh.mask) && (fresh.kind == WRITE || fresh.kind == a.kind);
        if (!covered) *out++ = a;
    }
    word.erase(out, word.end());
    word.push_back(fresh);
    return bad ? &found : nullptr;
}

}  // namespace

void begin_launch() {
    meetings.clear();
    first_blocks.clear();
}

void begin_cluster(std::size_t threads) {
    cluster++;
    epoch = 1;
    others.clear();
    tags.clear();
    thread_count = threads;
    first_blocks[cluster] = emu::machine.blocks[0]->index;
}

void begin_thread(Context& context) {
    context.clock.assign(thread_count, 0);
    context.clock[context.thread] = 1;
}

// A thread's beginning and end order nothing: all of a cluster's threads begin at once.
void release(const void* tag) {
    if (!emu::in_kernel() || tag == &emu::machine.end_tag) return;
    join(tags[tag], now->clock);
    now->clock[now->thread]++;
}

void acquire(const void* tag) {
    if (!emu::in_kernel() || tag == &emu::machine.begin_tag) return;
    auto found = tags.find(tag);
    if (found != tags.end()) join(now->clock, found->second);
}

void meet(void** contexts, unsigned lanes) {
    Clock all(thread_count);
    for (int l = 0; l < emu::WARP; l++)
        if (lanes >> l & 1) join(all, static_cast<Context*>(contexts[l])->clock);
    for (int l = 0; l < emu::WARP; l++) {
        if (!(lanes >> l & 1)) continue;
        auto& context = *static_cast<Context*>(contexts[l]);
        context.clock = all;
        context.clock[context.thread]++;
    }
}

void atomic_at(const void* p) {
    acquire(p);
    release(p);
    Epochs& known = meetings[p];
    join(others, known);
    join(known, others);
    known[cluster] = epoch++;
}

const Access* conflict(Words& words, const void* p, std::size_t bytes, Kind kind,
                       std::uint32_t site) {
    auto first = reinterpret_cast<std::uintptr_t>(p), end = first + bytes;
    const Access* found = nullptr;
    for (std::uintptr_t word = first / 4; word * 4 < end; word++) {
        unsigned mask = 15;
        if (word * 4 < first) mask &= 15 << (first - word * 4);
        if (word * 4 + 4 > end) mask &= 15 >> (word * 4 + 4 - end);
        Access fresh{cluster,
                     epoch,
                     now->clock[now->thread],
                     site,
                     std::uint16_t(now->thread),
                     std::uint8_t(mask),
                     kind};
        if (const Access* other = conflict_in(words.at(word), fresh)) found = other;
    }
    return found;
}

std::string describe(const Access& a) {
    const emu::Launch& launch = *emu::machine.launch;
    const unsigned size = unsigned(launch.block.count()), rank = a.thread / size;
    const emu::Index first = first_blocks[a.cluster];
    const emu::Dim& c = launch.cluster;
    emu::Block block;
    block.index = {first.x + rank % c.x, first.y + rank / c.x % c.y, first.z + rank / c.x / c.y};
    emu::Thread thread = emu::current->block->threads[a.thread % size];
    thread.block = &block;
    std::string who = emu::describe(thread);
    if (a.cluster == cluster && int(rank) == emu::current->block->rank)
        who = who.substr(who.find("thread"));
    const char* did = a.kind == READ ? " reads at " : " writes at ";
    return who + did + place_of(site(a.site)).text();
}

}  // namespace mt::watch

#endif
