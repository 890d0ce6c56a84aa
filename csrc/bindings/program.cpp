#include "bindings/program.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "bindings/launch.hpp"

namespace py = pybind11;

namespace mt {

std::vector<Call>*& recording() {
    thread_local std::vector<Call>* calls = nullptr;
    return calls;
}

namespace {

// Kernel calls on fixed memory, in their order. Who made the program keeps that memory alive.
class Program {
  public:
    void start() {
        if (recording()) throw std::runtime_error("this thread records a program already");
        recording() = &calls_;
    }
    void stop() { recording() = nullptr; }
    void truncate(std::size_t size) { calls_.resize(std::min(size, calls_.size())); }
    std::size_t size() const { return calls_.size(); }

    void run(std::size_t first, std::size_t last) const {
        if (first > last || last > calls_.size())
            throw py::index_error("a program of " + std::to_string(calls_.size()) +
                                  " calls has no calls " + std::to_string(first) + " to " +
                                  std::to_string(last));
        py::gil_scoped_release released;
        for (std::size_t i = first; i < last; i++) calls_[i]();
    }

  private:
    std::vector<Call> calls_;
};

}  // namespace

void bind_program(py::module_& module) {
    py::class_<Program>(module, "Program", "Recorded kernel calls, to be run as often as wanted.")
        .def(py::init<>())
        .def("start", &Program::start,
             "Keep the kernel calls of this thread from now on, and do not run them.")
        .def("stop", &Program::stop, "Run them again, and keep none.")
        .def("truncate", &Program::truncate, py::arg("size"), "Forget all but the first calls.")
        .def("__len__", &Program::size)
        .def("run", &Program::run, py::arg("first"), py::arg("last"),
             "Run calls first to last - 1, on the memory they were recorded with.");
}

}  // namespace mt
