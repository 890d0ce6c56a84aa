// Shared memory: one window for each block, full of NaNs when the block begins.
#include <cstdlib>
#include <cstring>
#include <new>

#include "emulate/state.hpp"

namespace mt::emu {

namespace {

constexpr std::size_t WINDOW = 256 << 10, ALIGN = 1024;
constexpr std::size_t STATIC_LIMIT = 48 << 10;  // nvcc's
constexpr unsigned RANK_SHIFT = 24;
constexpr int POISON = 0xff;  // makes NaNs of every floating-point type

}  // namespace

void Shared::poison(std::size_t offset, std::size_t bytes) {
    sanitize::allow(base + offset, bytes);
    std::memset(base + offset, POISON, bytes);
}

void Shared::begin(const Layout& layout) {
    if (!base) {
        base = static_cast<char*>(std::aligned_alloc(ALIGN, WINDOW));
        if (!base) throw std::bad_alloc();
        sanitize::forbid(base, WINDOW);
    }
    poison(0, layout.dynamic);
    for (auto& variable : layout.variables) poison(variable.offset, variable.bytes);
}

void Shared::end() {
    sanitize::forbid(base, WINDOW);
}

namespace {

void require_room(const char* name, std::size_t fixed, Where where) {
    const std::size_t total = machine.layout.dynamic + fixed;
    if (fixed > STATIC_LIMIT)
        fail(where,
             "shared memory for %s takes the block to %zu bytes of static shared memory, the limit "
             "is %zu: the rest goes into MT_DYNAMIC_SHARED",
             name, fixed, STATIC_LIMIT);
    if (total > properties.shared_limit)
        fail(where, "shared memory for %s takes the block to %zu bytes, the limit is %zu", name,
             total, properties.shared_limit);
}

}  // namespace

void* shared_variable(const void* key, const char* name, std::size_t bytes, std::size_t align,
                      Where where) {
    sanitize::Quiet quiet;
    Layout& layout = machine.layout;
    char* base = current->block->shared.base;
    for (auto& variable : layout.variables)
        if (variable.key == key) return base + variable.offset;
    // A gap before each variable: an index that runs over must not hit the next one.
    const std::size_t gap = MT_ASAN || MT_WATCH ? 64 : 0,
                      gaps = gap * (layout.variables.size() + 1);
    const std::size_t offset = (layout.used + gap + align - 1) / align * align;
    require_room(name, offset + bytes - gaps - layout.dynamic, where);
    if (offset + bytes > WINDOW) fail(where, "no room for %s", name);  // with the gaps
    layout.variables.push_back({key, name, offset, bytes});
    layout.used = offset + bytes;
    // The others of the cluster may reach for it before they come here.
    for (std::size_t i = 0; i < machine.running; i++)
        machine.blocks[i]->shared.poison(offset, bytes);
    return base + offset;
}

void* dynamic_shared() {
    return current->block->shared.base;
}

namespace {

// The rank of the block in whose window p lies, or -1.
int rank_of(const void* p) {
    for (std::size_t i = 0; i < machine.running; i++) {
        const char* base = machine.blocks[i]->shared.base;
        if (p >= base && p < base + WINDOW) return int(i);
    }
    return -1;
}

}  // namespace

bool is_shared(const void* p) {
    return rank_of(p) >= 0;
}

Block& block_of(const void* p) {
    int rank = rank_of(p);
    return rank < 0 ? *current->block : *machine.blocks[rank];
}

std::uint32_t shared_address(const void* p, Where where) {
    sanitize::Quiet quiet;
    int rank = rank_of(p);
    if (rank < 0) fail(where, "%p is not an address in shared memory", p);
    auto offset = static_cast<const char*>(p) - machine.blocks[rank]->shared.base;
    return std::uint32_t(rank) << RANK_SHIFT | std::uint32_t(offset);
}

void* shared_pointer(std::uint32_t address) {
    return machine.blocks[address >> RANK_SHIFT]->shared.base +
           (address & ((1u << RANK_SHIFT) - 1));
}

std::uint32_t peer_address(std::uint32_t address, int rank) {
    return std::uint32_t(rank) << RANK_SHIFT | (address & ((1u << RANK_SHIFT) - 1));
}

void* peer_pointer(const void* p, int rank, Where where) {
    sanitize::Quiet quiet;
    if (rank < 0 || rank >= int(machine.running))
        fail(where, "the cluster has no block of rank %d", rank);
    if (machine.blocks[rank]->alive == 0)
        fail(where, "the cluster's block %d has ended, and its shared memory with it", rank);
    return shared_pointer(peer_address(shared_address(p, where), rank));
}

void require_aligned(const void* p, std::size_t bytes, const char* what, Where where) {
    if (reinterpret_cast<std::uintptr_t>(p) % bytes)
        fail(where, "%s needs an address aligned to %zu bytes, got %p", what, bytes, p);
}

}  // namespace mt::emu
