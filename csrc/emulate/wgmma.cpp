// wgmma: the tensor core of a warpgroup, with its real register layout and descriptors.
#include "emulate/wgmma.hpp"

#include <array>
#include <cstring>
#include <vector>

#include "emulate/state.hpp"

namespace mt::emu {

namespace {

constexpr int M = 64, MOST_K = 16, MOST_N = 256, ROW_BYTES = 32;  // 32 bytes along k

// An operand in shared memory, as its descriptor says.
struct Operand {
    std::uint32_t start;
    int leading, stride, span;
    ptx::Major major;

    // Where element (i, k) begins, i along M or N, in the block's shared memory.
    std::uint32_t at(int i, int k, int size) const {
        std::uint32_t address = start;
        if (major == ptx::Major::K && span)
            address += i / 8 * stride + i % 8 * span + k * size;
        else if (major == ptx::Major::K)
            address += i / 8 * stride + i % 8 * 16 + k * size / 16 * leading + k * size % 16;
        else if (span)
            address += i * size / span * leading + i * size % span + k / 8 * stride + k % 8 * span;
        else
            address += i * size / 16 * stride + i * size % 16 + k / 8 * leading + k % 8 * 16;
        const std::uint32_t pieces = span ? span / 16 - 1 : 0;
        return address ^ (address >> 7 & pieces) << 4;
    }
};

Operand decode(std::uint64_t descriptor, ptx::Major major, Where where) {
    static const int spans[] = {0, 128, 64, 32};
    auto bytes = [&](int from) { return int(descriptor >> from & 0x3fff) << 4; };
    Operand x{std::uint32_t(bytes(0)), bytes(16), bytes(32), spans[descriptor >> 62], major};
    if (x.span && x.start % (8 * x.span) >= unsigned(x.span))
        fail(where,
             "a wgmma operand with a swizzle of %d bytes begins at %u, not in the first row of its "
             "pattern (multiples of %d)",
             x.span, x.start, 8 * x.span);
    return x;
}

// The elements of an operand with `count` rows or columns, by k.
typedef std::array<std::array<float, MOST_N>, MOST_K> Elements;

float element(Wgmma::Kind kind, const char* p) {
    if (kind == Wgmma::tf32) {
        float x;
        std::memcpy(&x, p, 4);
        return truncate_tf32(x);
    }
    std::uint16_t x;
    std::memcpy(&x, p, 2);
    return kind == Wgmma::f16 ? from_float16(x) : from_bfloat16(x);
}

void gather(Elements& to, const Wgmma& call, const Operand& x, int count, const Shared& shared) {
    const int size = call.kind == Wgmma::tf32 ? 4 : 2;
    for (int k = 0; k < ROW_BYTES / size; k++)
        for (int i = 0; i < count; i++) {
            const std::uint32_t at = x.at(i, k, size);
            if (at + size > machine.layout.used)
                fail(call.where, "wgmma reads at %u of %zu bytes of shared memory", at,
                     machine.layout.used);
            to[k][i] = element(call.kind, shared.base + at);
        }
}

// a from registers: each warp has 16 rows, in the layout of mma.sync.
void gather_registers(Elements& to, const std::vector<Wgmma>& calls) {
    for (int t = 0; t < WARPGROUP; t++) {
        const int g = t % WARP / 4, q = t % 4;
        for (int i = 0; i < 4; i++) {
            const int row = 16 * (t / WARP) + g + 8 * (i % 2);
            char bytes[4];
            std::memcpy(bytes, &calls[t].registers[i], 4);
            if (calls[t].kind == Wgmma::tf32)
                to[q + 4 * (i / 2)][row] = element(Wgmma::tf32, bytes);
            else
                for (int high = 0; high < 2; high++)
                    to[2 * q + high + 8 * (i / 2)][row] = element(calls[t].kind, bytes + 2 * high);
        }
    }
}

// Runs when the product lands.
void multiply(const std::vector<Wgmma>& calls, const Shared& shared) {
    static Elements a, b;
    static double sums[M][MOST_N];
    const Wgmma& call = calls[0];
    const int depth = call.kind == Wgmma::tf32 ? 8 : 16;
    if (call.from_registers)
        gather_registers(a, calls);
    else
        gather(a, call, decode(call.a, call.a_major, call.where), M, shared);
    gather(b, call, decode(call.b, call.b_major, call.where), call.n, shared);
    // Where thread t has its element i.
    auto sum_of = [&](int t, int i) -> double& {
        return sums[16 * (t / WARP) + t % WARP / 4 + 8 * (i / 2 % 2)]
                   [8 * (i / 4) + 2 * (t % 4) + i % 2];
    };
    for (int t = 0; t < WARPGROUP; t++)
        for (int i = 0; i < call.n / 2; i++) sum_of(t, i) = call.accumulate ? calls[t].d[i] : 0;
    for (int m = 0; m < M; m++)
        for (int k = 0; k < depth; k++) {
            const double factor = a[k][m];
            for (int n = 0; n < call.n; n++) sums[m][n] += factor * b[k][n];
        }
    for (int t = 0; t < WARPGROUP; t++)
        for (int i = 0; i < call.n / 2; i++) calls[t].d[i] = round_to_zero(sum_of(t, i));
}

void check_agreement(const Wgmma& one, const Wgmma& other) {
    if (one.a != other.a || one.b != other.b || one.accumulate != other.accumulate)
        fail(other.where, "the threads of a warpgroup give wgmma different operands");
}

}  // namespace

std::uint64_t wgmma_descriptor(const void* shared, Swizzle swizzle, int leading, int stride,
                               Where where) {
    require_aligned(shared, 16, "wgmma", where);
    if (leading % 16 || stride % 16 || leading < 0 || stride < 0 || leading >> 18 || stride >> 18)
        fail(where, "wgmma's strides are multiples of 16 below 2^18, got %d and %d", leading,
             stride);
    const int mode = swizzle == Swizzle::none ? 0 : 4 - int(swizzle);
    return std::uint64_t((shared_address(shared, where) & 0x3ffff) >> 4) |
           std::uint64_t(leading >> 4) << 16 | std::uint64_t(stride >> 4) << 32 |
           std::uint64_t(mode) << 62;
}

void multiply_warpgroup(const Wgmma& call) {
    if (properties.capability != 90) fail(call.where, "only compute capability 9.0 has wgmma");
    if (!current->fenced)
        fail(call.where,
             "wgmma without a wgmma_fence() since the last wait: its registers may "
             "still be in use");
    Wgmma mine = call;
    warpgroup_collective(
        "wgmma", &mine,
        [](void** given) {
            std::vector<Wgmma> calls;
            for (int t = 0; t < WARPGROUP; t++) calls.push_back(*static_cast<Wgmma*>(given[t]));
            for (const Wgmma& other : calls) check_agreement(calls[0], other);
            const Wgmma& first = calls[0];
            if (!first.from_registers) decode(first.a, first.a_major, first.where);
            decode(first.b, first.b_major, first.where);
            const Shared& shared = current->block->shared;
            product_issue([calls = std::move(calls), &shared] { multiply(calls, shared); });
        },
        call.where);
}

void product_fence() {
    current->fenced = true;
}

void warpgroup_commit(Where where) {
    int nothing = 0;
    warpgroup_collective("wgmma_commit", &nothing, [](void**) { product_commit(); }, where);
}

}  // namespace mt::emu
