// How a binding starts a kernel: now, or at each replay of the program that is being recorded.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>
#include <utility>
#include <vector>

namespace mt {

using Call = std::function<void()>;

// What this thread is recording into, or null.
std::vector<Call>*& recording();

// Runs `body` without the GIL; while a program is recorded it is kept instead, and each replay
// calls it. So it holds nothing but numbers and pointers, and asks for scratch memory and for the
// number of threads when it runs.
template <class Body>
void launch(Body body) {
    if (auto* calls = recording()) {
        calls->emplace_back(std::move(body));
        return;
    }
    pybind11::gil_scoped_release released;
    body();
}

}  // namespace mt
