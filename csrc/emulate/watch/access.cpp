// Each access of a kernel: may it be made at all, and is what it finds there sure to be there?
#include "emulate/watch/state.hpp"

#if MT_WATCH
#    include <link.h>
#    include <pthread.h>

#    include <algorithm>
#    include <cstring>
#    include <list>

namespace mt::watch {

namespace {

Context home;

constexpr std::size_t WINDOW = 256 << 10;  // of a block's shared memory

// What is known of a block's shared memory, by its rank in the cluster.
struct Shadow {
    std::vector<std::uint8_t> written;   // by bytes
    std::vector<std::uint32_t> copying;  // by words: the ticket of the cp.async that is under way
    Words words;
};
std::vector<Shadow> shadows;

struct Copy {
    emu::Thread* thread;
    emu::Where where;
};
std::vector<Copy> copies(1);  // by ticket

struct Argument {
    const char *begin, *end;
    std::string text;
    bool output;
    Words words;
};
thread_local std::list<Argument> arguments;

struct Range {
    const char *begin, *end;
    bool has(const void* p) const { return p >= begin && p < end; }
};

// A piece of memory as errors name it, and what is noted of it.
struct Piece {
    std::string text;
    const char *begin, *end;
};

// ---- words
// ----------------------------------------------------------------------------------------

std::string bytes_of(Kind kind, std::size_t bytes) {
    return (kind == READ ? "reads " : "writes ") + std::to_string(bytes) +
           (bytes == 1 ? " byte" : " bytes");
}

[[noreturn]] void complain(emu::Where where, const std::string& text) {
    static std::string file;
    if (!where.file) {
        Place place = place_of(frames_here());
        file = place.file.empty() ? "?" : place.file;
        where = {file.c_str(), place.line};
    }
    emu::fail(where, "%s", text.c_str());
}

// "writes 4 bytes, 16 bytes after the end of y (2, 3, 4) float32"
std::string beside(const Piece& piece, const char* p, std::size_t bytes, Kind kind) {
    std::string text = bytes_of(kind, bytes);
    std::string where = p < piece.begin ? "before the beginning of " : "after the end of ";
    if (p < piece.end && p + bytes > piece.begin)
        return text + (p < piece.begin ? " across the beginning of " : " across the end of ") +
               piece.text;
    std::size_t distance = p < piece.begin ? piece.begin - p - bytes : p - piece.end;
    if (distance) return text + ", " + std::to_string(distance) + " bytes " + where + piece.text;
    return text + " right " + where + piece.text;
}

std::size_t distance(const Piece& piece, const char* p) {
    return p < piece.begin ? piece.begin - p : p < piece.end ? 0 : p - piece.end;
}

// "reads 4 bytes of tile at byte 252, which ..."
std::string within(const Piece& piece, const char* p, std::size_t bytes, Kind kind) {
    return bytes_of(kind, bytes) + " of " + piece.text + " at byte " +
           std::to_string(p - piece.begin) + ", which ";
}

const Piece* nearest(const std::vector<Piece>& pieces, const char* p, std::size_t reach) {
    const Piece* best = nullptr;
    for (const Piece& piece : pieces) {
        std::size_t far = distance(piece, p);
        if (far <= reach + std::size_t(piece.end - piece.begin) &&
            (!best || far < distance(*best, p)))
            best = &piece;
    }
    return best;
}

// ---- checks
// ---------------------------------------------------------------------------------------

struct Visit {
    const char* p;
    std::size_t bytes;
    Kind kind;
    bool aligned;
    std::uintptr_t pc;  // or
    emu::Where where;

    std::uint32_t site(bool shared) const {
        return pc ? site_of(pc, shared) : site_of(where, kind, shared);
    }
    [[noreturn]] void fail(const std::string& text) const { complain(where, text); }
};

std::size_t misaligned(const Visit& v) {
    return v.aligned ? reinterpret_cast<std::uintptr_t>(v.p) & (v.bytes - 1) : 0;
}

[[noreturn]] void fail_alignment(const Visit& v, const Piece& piece) {
    v.fail(within(piece, v.p, v.bytes, v.kind) + "is no address for a vector of " +
           std::to_string(v.bytes) + " bytes: it is " + std::to_string(misaligned(v)) +
           " past a multiple of that");
}

// `piece()` is asked for when there is an error to write.
template <class GetPiece>
void check_order(const Visit& v, Words& words, std::uint32_t site, GetPiece piece) {
    if (const Access* other = conflict(words, v.p, v.bytes, v.kind, site))
        v.fail(within(piece(), v.p, v.bytes, v.kind) + describe(*other) +
               ", and nothing orders the two");
}

std::vector<Piece> variables_of(emu::Block& block) {
    const emu::Layout& layout = emu::machine.layout;
    char* base = block.shared.base;
    std::vector<Piece> pieces;
    if (layout.dynamic) pieces.push_back({"dynamic shared memory", base, base + layout.dynamic});
    for (auto& v : layout.variables)
        pieces.push_back({v.name, base + v.offset, base + v.offset + v.bytes});
    return pieces;
}

Shadow& shadow_of(emu::Block& block) {
    while (int(shadows.size()) <= block.rank) {
        shadows.emplace_back();
        shadows.back().written.resize(WINDOW);
        shadows.back().copying.resize(WINDOW / 4);
        shadows.back().words.cover(block.shared.base, WINDOW);
    }
    return shadows[block.rank];
}

bool inside(emu::Block& block, const char* p, std::size_t bytes) {
    const emu::Layout& layout = emu::machine.layout;
    std::size_t first = p - block.shared.base, end = first + bytes;
    if (end <= layout.dynamic) return true;
    for (auto& v : layout.variables)
        if (first >= v.offset && end <= v.offset + v.bytes) return true;
    return false;
}

Piece variable_at(emu::Block& block, const char* p) {
    std::vector<Piece> pieces = variables_of(block);
    const Piece* found = nearest(pieces, p, WINDOW);
    return found ? *found : Piece{"shared memory", block.shared.base, block.shared.base};
}

void check_contents(const Visit& v, emu::Block& block, Shadow& shadow) {
    std::size_t first = v.p - block.shared.base;
    for (std::size_t word = first / 4; word * 4 < first + v.bytes; word++) {
        if (!shadow.copying[word]) continue;
        const Copy& copy = copies[shadow.copying[word]];
        std::string file = copy.where.file;
        v.fail(within(variable_at(block, v.p), v.p, v.bytes, v.kind) + "the cp.async of " +
               emu::describe(*copy.thread) + " at " + file.substr(file.rfind("csrc/")) + ":" +
               std::to_string(copy.where.line) + " may still be copying");
    }
    auto* written = &shadow.written[first];
    if (v.kind == READ && std::memchr(written, 0, v.bytes))
        v.fail(within(variable_at(block, v.p), v.p, v.bytes, v.kind) +
               "nobody has written (is a barrier missing?)");
    if (v.kind & WRITE) std::memset(written, 1, v.bytes);
}

void visit_shared(const Visit& v, emu::Block& block) {
    Shadow& shadow = shadow_of(block);
    if (!inside(block, v.p, v.bytes)) {
        if (now->quiet) return;
        v.fail(beside(variable_at(block, v.p), v.p, v.bytes, v.kind));
    }
    if (now->quiet) {
        if (v.kind & WRITE) std::memset(&shadow.written[v.p - block.shared.base], 1, v.bytes);
        return;
    }
    if (misaligned(v)) fail_alignment(v, variable_at(block, v.p));
    check_contents(v, block, shadow);
    std::uint32_t site = v.site(true);
    count(site, v.p, v.bytes, v.kind, true);
    if (v.kind & ATOMIC) atomic_at(v.p);
    check_order(v, shadow.words, site, [&] { return variable_at(block, v.p); });
}

// The argument that has all of it; an output before an input that shares its memory.
Argument* argument_at(const char* p, std::size_t bytes) {
    Argument* found = nullptr;
    for (Argument& a : arguments)
        if (p >= a.begin && p + bytes <= a.end && (!found || a.output)) found = &a;
    return found;
}

void visit_argument(const Visit& v, Argument& argument) {
    auto piece = [&] { return Piece{argument.text, argument.begin, argument.end}; };
    if (misaligned(v)) fail_alignment(v, piece());
    if ((v.kind & WRITE) && !argument.output)
        v.fail(within(piece(), v.p, v.bytes, v.kind) + "is an input");
    std::uint32_t site = v.site(false);
    count(site, v.p, v.bytes, v.kind, false);
    if (!argument.output) return;
    if (v.kind & ATOMIC) atomic_at(v.p);
    check_order(v, argument.words, site, piece);
}

// ---- memory that is nobody's argument
// ---------------------------------------------------------------

const Range& module_data() {
    static const Range range = [] {
        Range found{nullptr, nullptr};
        dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t, void* out) {
                const char* self = reinterpret_cast<const char*>(&home);
                auto* base = reinterpret_cast<const char*>(info->dlpi_addr);
                for (int i = 0; i < info->dlpi_phnum; i++) {
                    const auto& part = info->dlpi_phdr[i];
                    const char* begin = base + part.p_vaddr;
                    if (part.p_type != PT_LOAD || self < begin || self >= begin + part.p_memsz)
                        continue;
                    *static_cast<Range*>(out) = {base, begin + part.p_memsz};
                }
                return 0;
            },
            &found);
        return found;
    }();
    return range;
}

// The stack of whoever launched: a kernel's arguments lie there until they are passed.
const Range& host_stack() {
    thread_local const Range range = [] {
        pthread_attr_t attributes;
        void* begin = nullptr;
        std::size_t size = 0;
        pthread_getattr_np(pthread_self(), &attributes);
        pthread_attr_getstack(&attributes, &begin, &size);
        pthread_attr_destroy(&attributes);
        return Range{static_cast<char*>(begin), static_cast<char*>(begin) + size};
    }();
    return range;
}

bool machine_memory(const Visit& v) {
    const auto* thread = reinterpret_cast<const char*>(emu::current);
    const auto* block = reinterpret_cast<const char*>(emu::current->block);
    if (Range{thread, thread + sizeof(emu::Thread)}.has(v.p)) return true;
    if (Range{block, block + sizeof(emu::Block)}.has(v.p)) return true;
    if (v.kind == READ && (module_data().has(v.p) || host_stack().has(v.p))) return true;
    return v.pc && machine_line(v.pc);
}

void visit(const Visit& v) {
    if (emu::is_shared(v.p)) return visit_shared(v, emu::block_of(v.p));
    if (now->quiet) return;
    if (Argument* argument = argument_at(v.p, v.bytes)) return visit_argument(v, *argument);
    if (machine_memory(v)) return;
    std::vector<Piece> pieces;
    for (const Argument& a : arguments) pieces.push_back({a.text, a.begin, a.end});
    if (const Piece* piece = nearest(pieces, v.p, 4096))
        v.fail(beside(*piece, v.p, v.bytes, v.kind));
    char at[32];
    std::snprintf(at, sizeof at, "%p", static_cast<const void*>(v.p));
    v.fail(bytes_of(v.kind, v.bytes) + " at " + at + ", which is near no argument of this call");
}

}  // namespace

// ---- the door
// ---------------------------------------------------------------------------------------

Context* now = &home;

void access(const void* p, std::size_t bytes, Kind kind, bool aligned, std::uintptr_t pc) {
    if (!emu::in_kernel() || emu::on_stack(*emu::current->fiber, p)) return;
    visit({static_cast<const char*>(p), bytes, kind, aligned, pc, {nullptr, 0}});
}

void touch(const void* p, std::size_t bytes, bool write, emu::Where where) {
    if (!emu::in_kernel() || bytes == 0 || emu::on_stack(*emu::current->fiber, p)) return;
    visit({static_cast<const char*>(p), bytes, write ? WRITE : READ, false, 0, where});
}

unsigned copy_begins(const void* to, std::size_t bytes, emu::Where where) {
    copies.push_back({emu::current, where});
    emu::Block& block = emu::block_of(to);
    std::size_t first = static_cast<const char*>(to) - block.shared.base;
    auto ticket = std::uint32_t(copies.size() - 1);
    for (std::size_t w = first / 4; w * 4 < first + bytes; w++)
        shadow_of(block).copying[w] = ticket;
    return ticket;
}

void copy_lands(unsigned ticket, const void* to, std::size_t bytes, emu::Where where) {
    emu::Block& block = emu::block_of(to);
    std::size_t first = static_cast<const char*>(to) - block.shared.base;
    Shadow& shadow = shadow_of(block);
    for (std::size_t w = first / 4; w * 4 < first + bytes; w++)
        if (shadow.copying[w] == ticket) shadow.copying[w] = 0;
    std::memset(&shadow.written[first], 1, bytes);
    Visit v{static_cast<const char*>(to), bytes, WRITE, false, 0, where};
    check_order(v, shadow.words, v.site(true), [&] { return variable_at(block, v.p); });
}

void quiet(int by) {
    now->quiet += by;
}

void switch_to(emu::Fiber& fiber) {
    now = fiber.race ? static_cast<Context*>(fiber.race) : &home;
}

// Called for each thread of a block before the block runs.
void begin(emu::Fiber& fiber) {
    static std::uint64_t launches = 0, blocks = 0;
    static std::uint32_t threads = 0;
    if (emu::statistics.launches != launches) {
        launches = emu::statistics.launches;
        for (Argument& a : arguments) a.words.forget();
        begin_launch();
    }
    if (emu::statistics.blocks != blocks) {
        blocks = emu::statistics.blocks;
        threads = 0;
        for (Shadow& shadow : shadows) {
            std::fill(shadow.written.begin(), shadow.written.end(), 0);
            std::fill(shadow.copying.begin(), shadow.copying.end(), 0);
            shadow.words.forget();
        }
        copies.resize(1);
        finish_counts();
        begin_cluster(emu::machine.alive);
    }
    if (!fiber.race) fiber.race = new Context;
    auto& context = *static_cast<Context*>(fiber.race);
    context.quiet = 0;
    context.calls.clear();
    context.thread = threads++;
    begin_thread(context);
}

void forget_arguments() {
    arguments.clear();
}

void take_argument(const void* begin, const void* end, const std::string& text) {
    arguments.push_back(
        {static_cast<const char*>(begin), static_cast<const char*>(end), text, false, {}});
}

void argument_is_output(const void* begin) {
    for (Argument& a : arguments)
        if (a.begin == begin && !a.output) {
            a.output = true;
            a.words.cover(a.begin, a.end - a.begin);
        }
}

}  // namespace mt::watch

#endif
