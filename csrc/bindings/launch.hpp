// How a binding starts a kernel: now, and once more at each replay of the program being recorded.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>
#include <utility>
#include <vector>

namespace mt {

using Call = std::function<void()>;

// What this thread is recording into, or null.
std::vector<Call>*& recording();

// Runs `body` without the GIL. It holds nothing but numbers and pointers: while a program is
// recorded it is kept, and a replay calls it again on the same memory. So scratch memory and the
// number of threads are asked for inside of it.
template <class Body>
void launch(Body body) {
    if (auto* calls = recording()) calls->emplace_back(body);
    pybind11::gil_scoped_release released;
    body();
}

}  // namespace mt
