// Little kernels, each right as it stands and wrong in one known way when asked to be: what the
// emulated device and its watched build are tested on. They are in no module that is installed.
//
// x and y have n elements, a multiple of TILE; what comes to y is written with each kernel, as is
// the line that the fault is reported at: the comments `(fault)` are read by the tests.
#pragma once

namespace mt::faults {

constexpr int TILE = 64;

struct Problem {
    const float* x;
    float* y;
    long long n;
    bool broken;
};

struct Fault {
    const char *name, *what;
    void (*run)(const Problem&);
};

struct FaultTable {
    const Fault* faults;
    int count;
};
FaultTable fault_table();

void missing_sync_after_load(const Problem&);
void missing_sync_before_overwrite(const Problem&);
void missing_syncwarp(const Problem&);
void early_release(const Problem&);
void unwaited_copy(const Problem&);
void read_past_global(const Problem&);
void write_past_global(const Problem&);
void read_past_shared(const Problem&);
void write_past_shared(const Problem&);
void read_unwritten_shared(const Problem&);
void write_to_input(const Problem&);
void misaligned_vector(const Problem&);
void divergent_sync(const Problem&);
void shuffle_missing_lane(const Problem&);
void named_barrier_deadlock(const Problem&);
void too_much_shared(const Problem&);
void blocks_write_one_place(const Problem&);
void blocks_read_unfinished(const Problem&);

}  // namespace mt::faults
