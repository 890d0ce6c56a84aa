// Shared memory: one window for each block, full of NaNs when the block begins.
#include <cstdlib>
#include <cstring>
#include <new>

#include "emulate/state.hpp"

namespace mt::emu {

namespace {

constexpr std::size_t WINDOW = 256 << 10, ALIGN = 1024;
constexpr unsigned RANK_SHIFT = 24;
constexpr int POISON = 0xff;  // makes NaNs of every floating-point type

}  // namespace

void Shared::allocate() {
    if (base) return;
    base = static_cast<char*>(std::aligned_alloc(ALIGN, WINDOW));
    if (!base) throw std::bad_alloc();
    sanitize::forbid(base, WINDOW);
}

void Shared::begin(std::size_t dynamic_bytes) {
    allocate();
    dynamic = used = dynamic_bytes;
    variables.clear();
    sanitize::allow(base, dynamic);
    std::memset(base, POISON, dynamic);
}

void Shared::end() {
    sanitize::forbid(base, WINDOW);
}

void* shared_variable(const void* key, const char* name, std::size_t bytes, std::size_t align,
                      Where where) {
    sanitize::Quiet quiet;
    Shared& shared = current->block->shared;
    for (auto& variable : shared.variables)
        if (variable.key == key) return shared.base + variable.offset;
    // A gap before each variable: an index that runs over must not hit the next one.
    std::size_t gap = MT_ASAN || MT_WATCH ? 64 : 0;
    std::size_t offset = (shared.used + gap + align - 1) / align * align;
    std::size_t total = offset + bytes - gap * (shared.variables.size() + 1);
    if (total > properties.shared_limit || offset + bytes > WINDOW)
        fail(where, "shared memory for %s takes the block to %zu bytes, the limit is %zu", name,
             total, properties.shared_limit);
    sanitize::allow(shared.base + offset, bytes);
    std::memset(shared.base + offset, POISON, bytes);
    shared.variables.push_back({key, name, offset, bytes});
    shared.used = offset + bytes;
    return shared.base + offset;
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

void require_aligned(const void* p, std::size_t bytes, const char* what, Where where) {
    if (reinterpret_cast<std::uintptr_t>(p) % bytes)
        fail(where, "%s needs an address aligned to %zu bytes, got %p", what, bytes, p);
}

}  // namespace mt::emu
