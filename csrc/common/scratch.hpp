// Working memory that a thread keeps from one call to the next.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace mt {

// Kernels do not allocate: they say how much they need, and the binding lends it from here.
// Fresh memory costs a page fault per page, more than the arithmetic of a small layer.
class Scratch {
  public:
    ~Scratch() { std::free(data_); }

    template <class T>
    T* reserve(std::size_t count) {
        std::size_t bytes = (count * sizeof(T) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        if (bytes > bytes_) {
            std::free(data_);
            bytes_ = 0;
            data_ = std::aligned_alloc(HUGE_PAGE, bytes);
            if (!data_) throw std::bad_alloc();
            bytes_ = bytes;
#ifdef MADV_HUGEPAGE
            madvise(data_, bytes_, MADV_HUGEPAGE);
#endif
        }
        return static_cast<T*>(data_);
    }

  private:
    static constexpr std::size_t HUGE_PAGE = 2u << 20;
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

inline Scratch& thread_scratch() {
    thread_local Scratch scratch;
    return scratch;
}

}  // namespace mt
