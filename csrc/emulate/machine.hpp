// The emulated device: runs the CUDA kernels of csrc/cuda on the CPU, exactly rather than fast.
//
// Every CUDA thread is a fiber. The blocks of a cluster run together, clusters one after another.
// A fiber runs until it has to wait for others: at a barrier, a warp-wide operation, a copy. Which
// one goes on then, and when asynchronous copies land, is the Schedule's choice; a right kernel
// gives the same result under every schedule. What no schedule could make right raises an error
// that names the kernel, the line, the block and the thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace mt::emu {

// ---- vocabulary -----------------------------------------------------------------------------

struct Dim {
    unsigned x = 1, y = 1, z = 1;
    std::size_t count() const { return std::size_t(x) * y * z; }
};

// A place in a kernel's source; as a default argument it is where the call stands. (The defaults of
// `here` are what g++ evaluates there: those of a braced Where would name the declaration.)
struct Where {
    const char* file;
    int line;
    static Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};
#define MT_HERE ::mt::emu::Where where = ::mt::emu::Where::here()

enum class Order { forward, reverse, random };
enum class Landing { early, late, random };  // of asynchronous copies and products

struct Schedule {
    Order threads = Order::forward, blocks = Order::forward;
    Landing landing = Landing::late;
    unsigned seed = 1;
};

// What the device is; the defaults are an H200's, but for the number of multiprocessors, which is
// small so that persistent kernels go round their loop.
struct Properties {
    std::size_t shared_limit = 227 << 10;
    int multiprocessors = 3;
    int capability = 90;
};

struct Launch {
    const char* kernel;
    Dim grid, block;
    std::size_t dynamic_shared = 0;
    Dim cluster = {};
};

struct Statistics {
    std::uint64_t launches = 0, blocks = 0, threads = 0, switches = 0;
};

// ---- running --------------------------------------------------------------------------------

extern Schedule schedule;
extern Properties properties;
extern Statistics statistics;

// Runs `body` once for each thread of the grid. Throws std::runtime_error with what went wrong.
void run(const Launch& launch, const std::function<void()>& body);

// ---- the running thread ---------------------------------------------------------------------

struct Index {
    unsigned x, y, z;
};

struct Thread;  // state.hpp
extern Thread* current;

const Index& thread_index();
const Index& block_index();
const Dim& block_dim();
const Dim& grid_dim();
int lane();          // 0 to 31
int warp();          // of the block
int linear();        // of the block
int cluster_rank();  // of the block in its cluster
int cluster_size();
bool in_kernel();
unsigned random_bits();

// Ends the launch with an error at `where`. Never returns.
[[noreturn]] void fail(Where where, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Lets others run.
void yield();

// ---- synchronisation (barrier.cpp) ------------------------------------------------------------

void block_barrier(Where where);                                // __syncthreads
void named_barrier(int id, int count, bool wait, Where where);  // bar.sync and bar.arrive
void cluster_arrive(Where where);
void cluster_wait(Where where);

// Runs `combine` once, when all threads of `mask` have come to this place: `arguments` has what
// each gave, by its lane. The results go back through the arguments.
void warp_collective(const char* what, unsigned mask, void* argument,
                     void (*combine)(void** arguments, unsigned mask), Where where);
// The same for the 128 threads of a warpgroup.
void warpgroup_collective(const char* what, void* argument, void (*combine)(void** arguments),
                          Where where);
void warp_barrier(unsigned mask, Where where);  // __syncwarp

// ---- shared memory (memory.cpp) ---------------------------------------------------------------

// The block's variable with this key: made at its first mention, full of NaNs.
void* shared_variable(const void* key, const char* name, std::size_t bytes, std::size_t align,
                      Where where);
void* dynamic_shared();
bool is_shared(const void* p);
// 32-bit addresses as the hardware's: of the block's own window, or with a rank of the cluster's.
std::uint32_t shared_address(const void* p, Where where);
void* shared_pointer(std::uint32_t address);
std::uint32_t peer_address(std::uint32_t address, int rank);  // mapa
// The same place in the shared memory of the cluster's block of that rank, which must be running.
void* peer_pointer(const void* p, int rank, Where where);

// ---- asynchrony (async.cpp) -------------------------------------------------------------------

// cp.async: copies `valid` of `bytes` bytes, the rest becomes 0.
void copy_async(void* to, const void* from, int bytes, int valid, Where where);
void copy_commit();
void copy_wait(int pending);

// mbarrier
void barrier_init(void* barrier, int count, Where where);
void barrier_arrive(void* barrier, int count, long transactions, Where where);
void barrier_wait(void* barrier, int parity, Where where);
bool barrier_test(void* barrier, int parity, Where where);

// The copy engine (TMA): `act` runs when the copy lands.
void bulk_load(std::function<void()> act, void* barrier, long bytes,
               Where where = {"a bulk copy", 0});  // then counts at barrier
void bulk_store(std::function<void()> act);        // joins the thread's open group
void bulk_commit();
void bulk_wait(int pending);

// wgmma: `act` runs at the latest when the warpgroup waits for its group.
void product_issue(std::function<void()> act);  // once for the warpgroup
void product_commit();
void product_wait(int pending);

// `count` elements, which a kernel reads or writes through a vector type, must be aligned for it.
void require_aligned(const void* p, std::size_t bytes, const char* what, Where where);

}  // namespace mt::emu
