// What accesses cost: the requests of warps, as the memory system sees them.
//
// A GPU's load is made by a warp at once. Here its lanes come one after another, so the n-th time
// that each lane comes to an instruction is taken for the n-th request.
#include "emulate/watch/state.hpp"

#if MT_WATCH
#    include <algorithm>
#    include <deque>
#    include <map>
#    include <tuple>

#    include "emulate/watch/report.hpp"

namespace mt::watch {

namespace {

constexpr int BANKS = 32, BANK = 4, SECTOR = 32;

struct Request {
    std::uintptr_t address[emu::WARP];
    std::uint32_t lanes = 0;
    std::uint32_t bytes = 0;
};

// The requests of one warp at one site that not all lanes have joined.
struct Stream {
    std::uint32_t came[emu::WARP] = {}, first = 0;
    std::deque<Request> open;
};

struct Counted {
    Site site;
    Kind kind = READ;
    bool shared = false;
    Costs costs;
    std::unordered_map<std::uint32_t, Stream> streams;  // by warp of the cluster
};

std::deque<Counted> sites(1);  // by id; 0 is none
std::unordered_map<std::uintptr_t, std::uint32_t> ids;
std::vector<std::uint32_t> active;  // sites with open streams

std::size_t distinct(std::vector<std::uintptr_t>& values) {
    std::sort(values.begin(), values.end());
    return std::unique(values.begin(), values.end()) - values.begin();
}

// 32-byte sectors that are moved, and how many the bytes would fill.
void add_sectors(const Request& r, Costs& costs) {
    std::vector<std::uintptr_t> sectors, bytes;
    for (int l = 0; l < emu::WARP; l++) {
        if (!(r.lanes >> l & 1)) continue;
        for (std::uintptr_t b = r.address[l]; b < r.address[l] + r.bytes; b++) {
            bytes.push_back(b);
            if (sectors.empty() || sectors.back() != b / SECTOR) sectors.push_back(b / SECTOR);
        }
    }
    costs.moved += distinct(sectors);
    costs.ideal += (distinct(bytes) + SECTOR - 1) / SECTOR;
}

// Rounds that the banks need: as many lanes at a time as 32 banks have words for, and in each round
// a bank gives one word, to whoever asks for it.
void add_waves(const Request& r, Costs& costs) {
    int words = std::max(1, int(r.bytes) / BANK), together = std::max(1, emu::WARP / words);
    for (int first = 0; first < emu::WARP; first += together) {
        std::vector<std::uintptr_t> wanted[BANKS];
        std::size_t waves = 0;
        for (int l = first; l < first + together; l++)
            if (r.lanes >> l & 1)
                for (int w = 0; w < words; w++) {
                    std::uintptr_t word = r.address[l] / BANK + w;
                    wanted[word % BANKS].push_back(word);
                }
        for (auto& bank : wanted) waves = std::max(waves, distinct(bank));
        costs.moved += waves;
        costs.ideal += waves > 0;
    }
}

void close(Counted& at, const Request& r) {
    at.costs.requests++;
    at.costs.lanes += __builtin_popcount(r.lanes);
    at.costs.bytes += std::uint64_t(r.bytes) * __builtin_popcount(r.lanes);
    at.shared ? add_waves(r, at.costs) : add_sectors(r, at.costs);
}

std::uint32_t new_site(Site site) {
    site.kernel = emu::machine.launch->kernel;
    sites.emplace_back();
    sites.back().site = std::move(site);
    return std::uint32_t(sites.size() - 1);
}

}  // namespace

Place place_of(const Site& site) {
    if (!site.where.file) return place_of(site.frames);
    std::string file = site.where.file;
    return {file.substr(file.rfind("csrc/")), "", site.where.line};
}

std::uint32_t site_of(std::uintptr_t pc, bool shared) {
    std::uintptr_t caller = now->calls.empty() ? 0 : now->calls.back();
    std::uint32_t& id = ids[pc ^ caller << 20 ^ std::uintptr_t(shared) << 63];
    if (!id) id = new_site({nullptr, frames_here()});
    return id;
}

std::uint32_t site_of(emu::Where where, Kind kind, bool shared) {
    std::uintptr_t key = (std::uintptr_t(where.line) * 4 + kind % 2 * 2 + shared) << 44;
    Frames frames;
    if (where.file)
        key ^= reinterpret_cast<std::uintptr_t>(where.file);
    else
        for (std::uintptr_t pc : frames = frames_here()) key = (key << 5 | key >> 59) ^ pc;
    std::uint32_t& id = ids[key];
    if (!id) id = new_site({nullptr, std::move(frames), where});
    return id;
}

const Site& site(std::uint32_t id) {
    return sites[id].site;
}

void count(std::uint32_t id, const void* p, std::size_t bytes, Kind kind, bool shared) {
    Counted& at = sites[id];
    at.kind = kind;
    at.shared = shared;
    if (at.streams.empty()) active.push_back(id);
    const emu::Thread& thread = *emu::current;
    Stream& stream = at.streams[now->thread / emu::WARP];
    std::uint32_t turn = stream.came[thread.lane]++ - stream.first;
    while (stream.open.size() <= turn) stream.open.emplace_back();
    Request& request = stream.open[turn];
    request.bytes = std::uint32_t(bytes);
    request.address[thread.lane] = reinterpret_cast<std::uintptr_t>(p);
    request.lanes |= 1u << thread.lane;
    while (!stream.open.empty() && stream.open.front().lanes == ~0u) {
        close(at, stream.open.front());
        stream.open.pop_front();
        stream.first++;
    }
}

void finish_counts() {
    for (std::uint32_t id : active) {
        for (auto& [warp, stream] : sites[id].streams)
            for (Request& request : stream.open)
                if (request.lanes) close(sites[id], request);
        sites[id].streams.clear();
    }
    active.clear();
}

std::vector<Row> report() {
    finish_counts();
    std::vector<Frames> frames;
    for (const Counted& at : sites) frames.push_back(at.site.frames);
    std::vector<Place> places = places_of(frames);
    std::map<std::tuple<std::string, std::string, int, bool, int, std::uint64_t>, Row> rows;
    for (std::size_t i = 1; i < sites.size(); i++) {
        const Counted& at = sites[i];
        if (!at.costs.requests) continue;
        Place place = at.site.where.file ? place_of(at.site) : places[i];
        std::uint64_t width = at.costs.bytes / at.costs.lanes;
        Row& row = rows[{at.site.kernel, place.file, place.line, at.shared, int(at.kind), width}];
        row.kernel = at.site.kernel, row.file = place.file, row.line = place.line;
        row.space = at.shared ? "shared" : "global";
        row.access = at.kind & ATOMIC ? "atomic" : at.kind & WRITE ? "write" : "read";
        row.width = width;
        row.costs.add(at.costs);
    }
    std::vector<Row> result;
    for (auto& [key, row] : rows) result.push_back(row);
    return result;
}

void forget_counts() {
    finish_counts();
    for (Counted& at : sites) at.costs = {};
}

}  // namespace mt::watch

#endif
