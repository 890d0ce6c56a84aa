// What happens by itself: cp.async, the copy engine and its mbarriers, wgmma's products.
//
// Each may take effect at once, as late as a wait allows, or at any time between: the Schedule's
// `landing`. A kernel that reads too early or overwrites too early gives different results.
#include <cstring>

#include "emulate/state.hpp"

namespace mt::emu {

namespace {

// Whether work issued now takes effect now.
bool at_once() {
    return schedule.landing == Landing::early ||
           (schedule.landing == Landing::random && random_bits() % 2);
}

}  // namespace

void Groups::run_all_but(int pending) {
    while (int(groups.size()) - 1 > pending) {
        std::vector<Act> oldest = std::move(groups.front());
        groups.erase(groups.begin());
        for (Act& act : oldest) act();
        if (groups.empty()) groups.emplace_back();
        if (pending < 0 && idle()) return;
    }
}

void Groups::drain() {
    for (auto& group : groups) {
        std::vector<Act> acts;
        acts.swap(group);
        for (Act& act : acts) act();
    }
}

// ---- cp.async ---------------------------------------------------------------------------------

void copy_async(void* to, const void* from, int bytes, int valid, Where where) {
    require_aligned(to, bytes, "cp.async to shared memory", where);
    if (valid) require_aligned(from, bytes, "cp.async from global memory", where);
    if (!is_shared(to)) fail(where, "cp.async writes to shared memory, not to %p", to);
    // The bytes may land at any time from here to the wait.
    sanitize::writes(to, bytes);
    sanitize::reads(from, valid);
    auto act = [=] {
        sanitize::writes(to, bytes);
        std::memcpy(to, from, valid);
        std::memset(static_cast<char*>(to) + valid, 0, bytes - valid);
    };
    sanitize::Quiet quiet;
    if (at_once())
        act();
    else
        current->copies.add(act);
}

void copy_commit() {
    sanitize::Quiet quiet;
    current->copies.commit();
}

void copy_wait(int pending) {
    current->copies.run_all_but(pending);
}

// ---- mbarrier ---------------------------------------------------------------------------------

namespace {

// An mbarrier's state is kept aside; what stands in its place shows whether it was overwritten.
constexpr std::uint64_t MBARRIER_MARK = 0x6d62617272696572;
constexpr long MOST_TRANSACTIONS = (1 << 20) - 1, MOST_ARRIVALS = (1 << 20) - 1;

}  // namespace

Mbarrier& mbarrier_at(void* barrier, Where where) {
    auto& all = block_of(barrier).mbarriers;
    auto found = all.find(barrier);
    if (found == all.end()) fail(where, "this mbarrier was never initialised");
    if (std::memcmp(barrier, &MBARRIER_MARK, 8))
        fail(where, "something was written over this mbarrier");
    return found->second;
}

namespace {

void complete_phase(Mbarrier& b) {
    if (b.pending || b.transactions) return;
    b.phase ^= 1;
    b.pending = b.expected;
    wake_all(b.waiting);
}

// The copy engine's part: bytes have come. Runs when a copy lands, on nobody's behalf.
void transactions_done(void* barrier, long bytes, Where where) {
    Mbarrier& b = mbarrier_at(barrier, where);
    b.transactions -= bytes;
    complete_phase(b);
}

}  // namespace

void barrier_init(void* barrier, int count, Where where) {
    sanitize::Quiet quiet;
    require_aligned(barrier, 8, "mbarrier.init", where);
    if (!is_shared(barrier)) fail(where, "an mbarrier stands in shared memory");
    if (count < 1 || count > MOST_ARRIVALS)
        fail(where, "an mbarrier is for 1 to 2^20 - 1 arrivals, not for %d", count);
    Mbarrier fresh{};
    fresh.expected = fresh.pending = count;
    std::memcpy(barrier, &MBARRIER_MARK, 8);
    current->block->mbarriers[barrier] = fresh;
}

void barrier_arrive(void* barrier, int count, long transactions, Where where) {
    sanitize::Quiet quiet;
    Mbarrier& b = mbarrier_at(barrier, where);
    sanitize::release(&b.tag[b.phase]);
    if (count > b.pending)
        fail(where, "more arrivals at this mbarrier than the %d it expects", b.expected);
    b.transactions += transactions;
    if (transactions < 0 || b.transactions > MOST_TRANSACTIONS)
        fail(where, "an mbarrier counts up to 2^20 - 1 bytes, not %ld", b.transactions);
    b.pending -= count;
    complete_phase(b);
}

bool barrier_test(void* barrier, int parity, Where where) {
    return mbarrier_at(barrier, where).phase != parity;
}

void barrier_wait(void* barrier, int parity, Where where) {
    sanitize::Quiet quiet;
    while (!barrier_test(barrier, parity, where)) {
        mbarrier_at(barrier, where).waiting.push_back(current);
        wait("an mbarrier", where);
    }
    sanitize::acquire(&mbarrier_at(barrier, where).tag[parity]);
}

// ---- the copy engine ----------------------------------------------------------------------------

void bulk_load(std::function<void()> act, void* barrier, long bytes, Where where) {
    sanitize::Quiet quiet;
    Act landing = [act = std::move(act), barrier, bytes, where] {
        act();
        if (barrier) transactions_done(barrier, bytes, where);
    };
    if (schedule.landing == Landing::early)
        landing();
    else
        machine.pending.push_back({std::move(landing), where});
}

void bulk_store(std::function<void()> act) {
    sanitize::Quiet quiet;
    if (at_once())
        act();
    else
        current->stores.add(std::move(act));
}

void bulk_commit() {
    sanitize::Quiet quiet;
    current->stores.commit();
}

void bulk_wait(int pending) {
    sanitize::Quiet quiet;
    current->stores.run_all_but(pending);
}

// ---- wgmma --------------------------------------------------------------------------------------

namespace {

Groups& products() {
    return current->block->products[current->linear / WARPGROUP];
}

}  // namespace

void product_issue(std::function<void()> act) {
    Groups& issued = products();
    if (!at_once()) return issued.add(std::move(act));
    issued.drain();  // products keep their order
    act();
}

void product_commit() {
    products().commit();
}

void product_wait(int pending) {
    sanitize::Quiet quiet;
    current->fenced = false;
    products().run_all_but(pending);
}

}  // namespace mt::emu
