// The tensor core of one warp: ldmatrix, stmatrix and mma.sync with their real layouts.
#include "emulate/mma.hpp"

#include <cmath>
#include <cstring>
#include <utility>

#include "emulate/state.hpp"

namespace mt::emu {

// The .sync.aligned instructions want a whole warp.
void whole_warp(const char* what, void* argument, void (*combine)(void**, unsigned), Where where) {
    if (int(current->block->threads.size()) < (current->warp + 1) * WARP)
        fail(where, "%s needs a whole warp of 32 threads", what);
    warp_collective(what, 0xffffffffu, argument, combine, where);
}

namespace {

struct Fragments {
    float* d;
    const std::uint32_t *a, *b;
    float (*read)(std::uint16_t);
};

// The row and column of the accumulator's element i in a lane.
int row_of(int lane, int i) {
    return lane / 4 + 8 * (i / 2);
}
int column_of(int lane, int i) {
    return 2 * (lane % 4) + i % 2;
}

// d += a b for 16 x 8 accumulators; `a` and `b` have been gathered, b by columns.
template <int K>
void multiply(Fragments* const (&lanes)[WARP], const float (&a)[16][K], const float (&b)[8][K]) {
    for (int l = 0; l < WARP; l++)
        for (int i = 0; i < 4; i++) {
            const float *row = a[row_of(l, i)], *column = b[column_of(l, i)];
            double sum = lanes[l]->d[i];
            for (int k = 0; k < K; k++) sum += double(row[k]) * column[k];
            lanes[l]->d[i] = round_to_zero(sum);
        }
}

void gather(void** given, Fragments* (&lanes)[WARP]) {
    for (int l = 0; l < WARP; l++) lanes[l] = static_cast<Fragments*>(given[l]);
}

}  // namespace

void multiply_16bit(const char* what, float* d, const std::uint32_t* a, const std::uint32_t* b,
                    float (*read)(std::uint16_t), Where where) {
    Fragments mine{d, a, b, read};
    whole_warp(
        what, &mine,
        [](void** given, unsigned) {
            Fragments* lanes[WARP];
            gather(given, lanes);
            auto half = [&](int l, std::uint32_t word, int high) {
                return lanes[l]->read(std::uint16_t(word >> 16 * high));
            };
            float a[16][16], b[8][16];
            for (int l = 0; l < WARP; l++)
                for (int high = 0; high < 2; high++) {
                    int g = l / 4, k = 2 * (l % 4) + high;
                    for (int i = 0; i < 4; i++)
                        a[g + 8 * (i % 2)][k + 8 * (i / 2)] = half(l, lanes[l]->a[i], high);
                    for (int i = 0; i < 2; i++) b[g][k + 8 * i] = half(l, lanes[l]->b[i], high);
                }
            multiply(lanes, a, b);
        },
        where);
}

void multiply_tf32(float* d, const float* a, const float* b, Where where) {
    // Fragments hold words; these are floats.
    std::uint32_t words[6];
    std::memcpy(words, a, 16);
    std::memcpy(words + 4, b, 8);
    Fragments mine{d, words, words + 4, nullptr};
    whole_warp(
        "mma_tf32", &mine,
        [](void** given, unsigned) {
            Fragments* lanes[WARP];
            gather(given, lanes);
            auto read = [](std::uint32_t word) { return truncate_tf32(float_of(word)); };
            float a[16][8], b[8][8];
            for (int l = 0; l < WARP; l++) {
                int g = l / 4, k = l % 4;
                for (int i = 0; i < 4; i++)
                    a[g + 8 * (i % 2)][k + 4 * (i / 2)] = read(lanes[l]->a[i]);
                for (int i = 0; i < 2; i++) b[g][k + 4 * i] = read(lanes[l]->b[i]);
            }
            multiply(lanes, a, b);
        },
        where);
}

void multiply_f64(double* d, double a, double b, Where where) {
    struct Doubles {
        double *d, a, b;
    } mine{d, a, b};
    whole_warp(
        "mma_f64", &mine,
        [](void** given, unsigned) {
            auto lane = [&](int l) { return static_cast<Doubles*>(given[l]); };
            for (int l = 0; l < WARP; l++)
                for (int i = 0; i < 2; i++) {
                    double& sum = lane(l)->d[i];
                    int row = l / 4, column = 2 * (l % 4) + i;
                    for (int k = 0; k < 4; k++)
                        sum = std::fma(lane(4 * row + k)->a, lane(4 * column + k)->b, sum);
                }
        },
        where);
}

namespace {

// A lane's part in moving matrices of 8 x 8 elements of 16 bits.
struct Rows {
    int matrices;
    bool transposed;
    std::uint16_t row[8];    // the row whose address the lane gives
    std::uint32_t words[4];  // what its registers hold, one for each matrix
};

void check_row(const char* what, int matrices, const void* row, Where where) {
    if (current->lane >= 8 * matrices) return;
    require_aligned(row, 16, what, where);
    if (!is_shared(row)) fail(where, "%s is for shared memory, not for %p", what, row);
}

// Calls move(the lane's half word, the element of a row that it stands for), for all of them.
template <class Move>
void for_each_element(void** given, Move move) {
    auto lane = [&](int l) { return static_cast<Rows*>(given[l]); };
    for (int l = 0; l < WARP; l++)
        for (int m = 0; m < lane(l)->matrices; m++)
            for (int high = 0; high < 2; high++) {
                int i = l / 4, j = 2 * (l % 4) + high;
                if (lane(l)->transposed) std::swap(i, j);
                move(lane(l)->words[m], 16 * high, lane(8 * m + i)->row[j]);
            }
}

}  // namespace

void load_matrix(std::uint32_t* r, int matrices, const void* row, bool transposed, Where where) {
    check_row("ldmatrix", matrices, row, where);
    Rows mine{matrices, transposed, {}, {}};
    if (current->lane < 8 * matrices) {
        sanitize::reads(row, 16, where);
        std::memcpy(mine.row, row, 16);
    }
    whole_warp(
        "ldmatrix", &mine,
        [](void** given, unsigned) {
            for_each_element(given, [](std::uint32_t& word, int shift, std::uint16_t element) {
                word |= std::uint32_t(element) << shift;
            });
        },
        where);
    std::memcpy(r, mine.words, 4 * matrices);
}

void store_matrix(const std::uint32_t* r, int matrices, void* row, bool transposed, Where where) {
    check_row("stmatrix", matrices, row, where);
    Rows mine{matrices, transposed, {}, {}};
    std::memcpy(mine.words, r, 4 * matrices);
    whole_warp(
        "stmatrix", &mine,
        [](void** given, unsigned) {
            for_each_element(given, [](std::uint32_t& word, int shift, std::uint16_t& element) {
                element = std::uint16_t(word >> shift);
            });
        },
        where);
    if (current->lane < 8 * matrices) {
        sanitize::writes(row, 16, where);
        std::memcpy(row, mine.row, 16);
    }
}

}  // namespace mt::emu
