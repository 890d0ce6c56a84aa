// What the files of csrc/emulate/watch share.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "emulate/state.hpp"
#include "emulate/watch.hpp"

namespace mt::watch {

typedef std::vector<std::uint32_t> Clock;  // of every thread of the cluster

enum Kind : std::uint8_t { READ = 0, WRITE = 1, ATOMIC = 2 };  // an atomic is WRITE | ATOMIC

// A fiber's share of the watch.
struct Context {
    int quiet = 0;
    std::uint32_t thread = 0;           // in the cluster
    Clock clock;                        // what this thread knows to have happened
    std::vector<std::uintptr_t> calls;  // where the functions that it is in were called
};

// ---- places.cpp: from program counters to lines
// --------------------------------------------------

struct Place {
    std::string file, function;
    int line = 0;
    std::string text() const { return file.empty() ? "?" : file + ":" + std::to_string(line); }
};

typedef std::vector<std::uintptr_t> Frames;  // return addresses, innermost first

Frames frames_here();
// Of each the innermost place in csrc/cuda; all in one call, since that starts a process.
std::vector<Place> places_of(const std::vector<Frames>& all);
Place place_of(const Frames& frames);
// Whether the innermost line of this repository is the machine's own, not a kernel's.
bool machine_line(std::uintptr_t pc);

// ---- lint.cpp: sites and what their accesses cost
// ------------------------------------------------

// An instruction that touches memory, or a line of the kernel for what the machine does for it.
struct Site {
    const char* kernel;
    Frames frames;
    emu::Where where{nullptr, 0};  // instead of frames
};
Place place_of(const Site& site);

std::uint32_t site_of(std::uintptr_t pc, bool shared);
std::uint32_t site_of(emu::Where where, Kind kind, bool shared);
const Site& site(std::uint32_t id);
void count(std::uint32_t site, const void* p, std::size_t bytes, Kind kind, bool shared);
void finish_counts();  // of the threads that have run so far

// ---- races.cpp
// ------------------------------------------------------------------------------------

struct Access {
    std::uint32_t cluster, epoch, clock, site;
    std::uint16_t thread;
    std::uint8_t mask, kind;  // the bytes of the word that were touched
};
typedef std::vector<Access> Word;  // accesses to 4 bytes that later ones may conflict with

// The words of a piece of memory, from the one with its first byte.
struct Words {
    std::uintptr_t first = 0;
    std::vector<Word> words;
    std::vector<std::uint32_t> touched;

    void cover(const void* begin, std::size_t bytes) {
        first = reinterpret_cast<std::uintptr_t>(begin) / 4;
        words.resize((reinterpret_cast<std::uintptr_t>(begin) + bytes) / 4 + 1 - first);
    }
    Word& at(std::uintptr_t word) {
        Word& found = words[word - first];
        if (found.empty()) touched.push_back(std::uint32_t(word - first));
        return found;
    }
    void forget() {
        for (std::uint32_t i : touched) words[i].clear();  // which keep their memory
        touched.clear();
    }
};

void begin_launch();
void begin_cluster(std::size_t threads);
void begin_thread(Context& context);
// An atomic orders what came before it in its thread with what follows it in the next one.
void atomic_at(const void* p);
// Notes the access; the one that it races with, or null.
const Access* conflict(Words& words, const void* p, std::size_t bytes, Kind kind,
                       std::uint32_t site);
std::string describe(const Access& access);

// ---- access.cpp
// -----------------------------------------------------------------------------------

void access(const void* p, std::size_t bytes, Kind kind, bool aligned, std::uintptr_t pc);

}  // namespace mt::watch
