// The counters of the watched build, by line of source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mt::watch {

// Of warp requests. `moved` counts 32-byte sectors of global memory, or rounds of the banks of
// shared memory; `ideal` what the same bytes would take if they lay side by side.
struct Costs {
    std::uint64_t requests = 0, lanes = 0, bytes = 0, moved = 0, ideal = 0;
    void add(const Costs& o) {
        requests += o.requests, lanes += o.lanes, bytes += o.bytes;
        moved += o.moved, ideal += o.ideal;
    }
};

struct Row {
    std::string kernel, file, space, access;
    int line = 0;
    std::uint64_t width = 0;  // bytes of one lane
    Costs costs;
};

std::vector<Row> report();  // of all launches since forget_counts()
void forget_counts();

}  // namespace mt::watch
