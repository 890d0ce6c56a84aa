// The copy engine (TMA): which bytes of a tensor a box or a column has, and where they go.
#include "emulate/tma.hpp"

#include <cstring>

#include "emulate/state.hpp"

namespace mt::emu {

namespace {

using ptx::TensorMap;

// The pieces of 16 bytes of a swizzled tile change places with those of the same span.
std::uint32_t swizzled(std::uint32_t address, Swizzle swizzle) {
    const std::uint32_t pieces = swizzle == Swizzle::none ? 0 : span_of(swizzle) / 16 - 1;
    return address ^ (address >> 7 & pieces) << 4;
}

int rows_of(const TensorMap& map) {
    if (map.im2col) return map.box[1];
    int rows = 1;
    for (int i = 1; i < map.rank; i++) rows *= (map.box[i] + map.step[i] - 1) / map.step[i];
    return rows;
}

long row_bytes(const TensorMap& map) {
    return map.box[0] * long(size_of(map.dtype));
}

// Where coordinates at[1], at[2], ... lie in memory, or null outside the tensor.
char* line_at(const TensorMap& map, const long long* at) {
    char* line = map.data;
    for (int i = 1; i < map.rank; i++) {
        if (at[i] < 0 || at[i] >= map.size[i]) return nullptr;
        line += at[i] * map.stride[i];
    }
    return line;
}

// Calls row(memory of the row's line or null), for each row of a box.
template <class Row>
void for_each_box_row(const TensorMap& map, const int* at, Row row) {
    int count[5] = {1, 1, 1, 1, 1}, i[5] = {};
    for (int a = 1; a < map.rank; a++) count[a] = (map.box[a] + map.step[a] - 1) / map.step[a];
    for (int r = rows_of(map); r > 0; r--) {
        long long where[5] = {};
        for (int a = 1; a < map.rank; a++) where[a] = at[a] + (long long)i[a] * map.step[a];
        row(line_at(map, where));
        for (int a = 1; a < map.rank && ++i[a] == count[a]; a++) i[a] = 0;
    }
}

// The same for the pixels of a column: W first, then H, D and N, within the box of pixels.
template <class Row>
void for_each_pixel(const TensorLoad& load, Row row) {
    const TensorMap& map = load.map;
    const int images = map.rank - 1;
    long long base[5] = {};
    for (int a = 1; a < map.rank; a++) base[a] = load.at[a];
    for (int r = 0; r < map.box[1]; r++) {
        long long where[5] = {};
        for (int a = 1; a < images; a++) where[a] = base[a] + load.offset[a - 1];
        where[images] = base[images];
        row(line_at(map, where));
        int a = 1;
        for (; a < images; a++) {
            base[a] += map.step[a];
            if (base[a] <= map.size[a] - 1 + map.upper[a]) break;
            base[a] = map.lower[a];
        }
        if (a == images) base[images]++;
    }
}

// The part of a row that lies inside the tensor.
struct Inside {
    long skip, bytes;  // zeros before it
};
Inside inside(const TensorMap& map, int first) {
    const long long size = size_of(map.dtype),
                    end = std::min(map.size[0] - first, (long long)map.box[0]);
    const long long skip = std::max(0ll, -(long long)first);
    return {long(skip * size), long(std::max(0ll, end - skip) * size)};
}

// Moves the row's pieces of 16 bytes to or from their swizzled places.
template <class Move>
void for_each_piece(const TensorMap& map, std::uint32_t tile, int row, Move move) {
    for (long at = 0; at < row_bytes(map); at += 16)
        move(shared_pointer(swizzled(std::uint32_t(tile + row * row_bytes(map) + at), map.swizzle)),
             at);
}

constexpr int LONGEST_ROW = 256 * 8;

void fill(const TensorLoad& load, std::uint32_t tile) {
    const TensorMap& map = load.map;
    const Inside part = inside(map, load.at[0]);
    int r = 0;
    auto row = [&](const char* line) {
        char bytes[LONGEST_ROW] = {};
        if (line && part.bytes > 0) {
            const char* from = line + load.at[0] * (long long)size_of(map.dtype) + part.skip;
            sanitize::reads(from, part.bytes);
            std::memcpy(bytes + part.skip, from, part.bytes);
        }
        for_each_piece(map, tile, r++, [&](void* to, long at) {
            sanitize::writes(to, 16);
            std::memcpy(to, bytes + at, 16);
        });
    };
    if (map.im2col)
        for_each_pixel(load, row);
    else
        for_each_box_row(map, load.at, row);
}

void drain(const TensorMap& map, std::uint32_t tile, const int* at) {
    const Inside part = inside(map, at[0]);
    int r = 0;
    for_each_box_row(map, at, [&](char* line) {
        char bytes[LONGEST_ROW];
        for_each_piece(map, tile, r++,
                       [&](const void* from, long at) { std::memcpy(bytes + at, from, 16); });
        if (!line || part.bytes <= 0) return;
        char* to = line + at[0] * (long long)size_of(map.dtype) + part.skip;
        sanitize::writes(to, part.bytes);
        std::memcpy(to, bytes + part.skip, part.bytes);
    });
}

void check(const TensorMap& map, int rank, bool im2col, const void* shared, Where where) {
    if (map.rank != rank || map.im2col != im2col)
        fail(where, "the tensor map is for %s copies of %d axes, the instruction for %s of %d",
             map.im2col ? "im2col" : "tiled", map.rank, im2col ? "im2col" : "tiled", rank);
    if (!is_shared(shared)) fail(where, "%p is not an address in shared memory", shared);
    const int align = map.swizzle == Swizzle::none ? 128 : 8 * span_of(map.swizzle);
    require_aligned(shared, align, "a tensor copy with this swizzle", where);
    if (properties.capability < 90) fail(where, "this device has no copy engine for tensors");
}

void check_column(const TensorLoad& load, Where where) {
    const TensorMap& map = load.map;
    const int limit = map.rank == 3 ? 1 << 16 : map.rank == 4 ? 1 << 8 : 1 << 5;
    for (int a = 1; a < map.rank - 1; a++) {
        if (load.at[a] < map.lower[a] || load.at[a] > map.size[a] - 1 + map.upper[a] ||
            (load.at[a] - map.lower[a]) % map.step[a])
            fail(where, "im2col begins at %d along axis %d, pixels go from %d to %lld by %d",
                 load.at[a], a, map.lower[a], map.size[a] - 1 + map.upper[a], map.step[a]);
        if (load.offset[a - 1] >= limit)
            fail(where, "im2col offsets are below %d for %d axes, got %d", limit, map.rank,
                 load.offset[a - 1]);
    }
}

}  // namespace

void tensor_load(void* shared, const TensorLoad& load, std::uint64_t* barrier, int rank,
                 bool im2col, unsigned blocks, Where where) {
    sanitize::Quiet quiet;
    check(load.map, rank, im2col, shared, where);
    if (im2col) check_column(load, where);
    const std::uint32_t tile = shared_address(shared, where), mbar = shared_address(barrier, where);
    if (blocks >> cluster_size())
        fail(where, "a multicast to the blocks %x of a cluster of %d", blocks, cluster_size());
    const long bytes = rows_of(load.map) * row_bytes(load.map);
    for (int to = 0; to < cluster_size(); to++) {
        if (blocks ? !(blocks >> to & 1) : to != cluster_rank()) continue;
        const std::uint32_t there = blocks ? peer_address(tile, to) : tile;
        void* counts = shared_pointer(blocks ? peer_address(mbar, to) : mbar);
        bulk_load([load, there] { fill(load, there); }, counts, bytes, where);
    }
}

void tensor_store(const ptx::TensorMap& map, const void* shared, const int* at, int rank,
                  Where where) {
    sanitize::Quiet quiet;
    check(map, rank, false, shared, where);
    for (int i = 1; i < rank; i++)
        if (map.step[i] != 1) fail(where, "tensor_store goes without steps");
    TensorLoad box{map, {}, {}};
    std::copy(at, at + rank, box.at);
    const std::uint32_t tile = shared_address(shared, where);
    bulk_store([box, tile] { drain(box.map, tile, box.at); });
}

}  // namespace mt::emu
