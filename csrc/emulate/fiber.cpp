#include "emulate/fiber.hpp"

#include <sys/mman.h>

#include <new>

#include "emulate/sanitize.hpp"

#if defined(__x86_64__) && defined(__ELF__)
#    define MT_OWN_SWITCH 1
#else
#    include <ucontext.h>
#endif

namespace mt::emu {

namespace {

// AddressSanitizer puts red zones round every local variable.
constexpr std::size_t STACK = MT_ASAN ? 512 << 10 : 128 << 10, GUARD = 4096;

void allocate(Fiber& fiber) {
    void* memory = mmap(nullptr, STACK + GUARD, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory, GUARD, PROT_NONE);  // an overflow must crash, not corrupt
    fiber.stack = static_cast<char*>(memory) + GUARD;
}

}  // namespace

bool on_stack(const Fiber& fiber, const void* p) {
    const char* at = static_cast<const char*>(p);
    return fiber.stack && at >= fiber.stack && at < fiber.stack + STACK;
}

#ifdef MT_OWN_SWITCH

// Saves what a function must preserve, swaps the stack pointers, and restores the other's.
extern "C" void mt_emu_switch(void** save, void* to);
asm(R"(
.text
.globl mt_emu_switch
.hidden mt_emu_switch
.type mt_emu_switch,@function
mt_emu_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size mt_emu_switch, .-mt_emu_switch
)");

void prepare(Fiber& fiber, void (*entry)()) {
    if (!fiber.stack) allocate(fiber);
    sanitize::prepare(fiber);
    void** top = reinterpret_cast<void**>(fiber.stack + STACK - 64);
    *--top = nullptr;  // where `entry` would return to; keeps its stack aligned
    *--top = reinterpret_cast<void*>(entry);
    for (int saved = 0; saved < 6; saved++) *--top = nullptr;
    fiber.pointer = top;
}

MT_NO_SANITIZE void switch_fiber(Fiber& from, Fiber& to, bool leaving) {
    sanitize::before_switch(from, to, STACK, leaving);
    mt_emu_switch(&from.pointer, to.pointer);
    sanitize::after_switch(from);
}

#else

void prepare(Fiber& fiber, void (*entry)()) {
    if (!fiber.stack) allocate(fiber);
    sanitize::prepare(fiber);
    if (!fiber.context) fiber.context = new ucontext_t;
    auto* context = static_cast<ucontext_t*>(fiber.context);
    getcontext(context);
    context->uc_stack.ss_sp = fiber.stack;
    context->uc_stack.ss_size = STACK;
    context->uc_link = nullptr;
    makecontext(context, entry, 0);
}

MT_NO_SANITIZE void switch_fiber(Fiber& from, Fiber& to, bool leaving) {
    sanitize::before_switch(from, to, STACK, leaving);
    if (!from.context) from.context = new ucontext_t;
    swapcontext(static_cast<ucontext_t*>(from.context), static_cast<ucontext_t*>(to.context));
    sanitize::after_switch(from);
}

#endif

MT_NO_SANITIZE void arrived_on_fiber() {
    sanitize::first_arrival();
}

}  // namespace mt::emu
