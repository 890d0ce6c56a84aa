// Probes: little kernels that do one thing with one instruction, so that a test can say what the
// instruction does. The same test runs on the emulated device and on a GPU: that is how the
// emulation is held to the hardware.
#pragma once

#include <initializer_list>

#include "cuda/common/types.hpp"

namespace mt {

struct ProbeArray {
    void* data;
    long long bytes;
};

struct Probe {
    static constexpr int INPUTS = 4, NUMBERS = 32;
    ProbeArray in[INPUTS];
    int inputs;  // how many came
    ProbeArray out;
    int number[NUMBERS];
    int numbers;
    Stream stream = nullptr;
};

struct ProbeRow {
    const char *name, *what;
    int least, most;                       // compute capabilities that have it
    std::string (*refuses)(const Probe&);  // "" or what is wrong with the arguments
    void (*run)(const Probe&);
};

struct ProbeTable {
    const ProbeRow* rows;
    int count;
};
ProbeTable probe_table();

// "" if there are so many inputs of so many bytes, and so many bytes of output, and numbers.
inline std::string wants(const Probe& p, std::initializer_list<long long> inputs, long long output,
                         int numbers = 0) {
    if (p.inputs != int(inputs.size()))
        return "it takes " + std::to_string(inputs.size()) + " inputs, got " +
               std::to_string(p.inputs);
    if (p.numbers != numbers)
        return "it takes " + std::to_string(numbers) + " numbers, got " + std::to_string(p.numbers);
    int i = 0;
    for (long long bytes : inputs) {
        if (p.in[i].bytes != bytes)
            return "input " + std::to_string(i) + " must have " + std::to_string(bytes) +
                   " bytes, got " + std::to_string(p.in[i].bytes);
        i++;
    }
    if (p.out.bytes != output)
        return "the output must have " + std::to_string(output) + " bytes, got " +
               std::to_string(p.out.bytes);
    return "";
}

}  // namespace mt
