#include "emulate/watch/state.hpp"

#if MT_WATCH
#    include <dlfcn.h>
#    include <unwind.h>

#    include <cstdio>
#    include <cstring>
#    include <map>

namespace mt::watch {

namespace {

const Dl_info& module() {
    static const Dl_info info = [] {
        Dl_info found{};
        dladdr(reinterpret_cast<void*>(&frames_here), &found);
        return found;
    }();
    return info;
}

// A return address lies after the call; what it means is the call.
std::uintptr_t offset_of(std::uintptr_t pc) {
    return pc - 1 - reinterpret_cast<std::uintptr_t>(module().dli_fbase);
}

std::map<std::uintptr_t, std::vector<Place>>
    known;  // by offset: the inlined calls, innermost first

std::string shortened(const std::string& file) {
    auto at = file.rfind("csrc/");
    return at == std::string::npos ? "" : file.substr(at);
}

// Reads addr2line's answers: "0xADDRESS", then a line with a function and one with a place for each
// inlined call.
void read_answers(FILE* answers) {
    char line[4096];
    std::vector<Place>* places = nullptr;
    while (std::fgets(line, sizeof line, answers)) {
        line[std::strcspn(line, "\n")] = 0;
        if (std::strncmp(line, "0x", 2) == 0) {
            places = &known[std::strtoull(line, nullptr, 16)];
            continue;
        }
        Place place;
        place.function = line;
        if (!std::fgets(line, sizeof line, answers)) break;
        if (char* colon = std::strrchr(line, ':')) {
            place.line = std::atoi(colon + 1);
            place.file = shortened(std::string(line, colon));
        }
        if (places) places->push_back(place);
    }
}

void ask(const std::vector<std::uintptr_t>& offsets) {
    for (std::size_t first = 0; first < offsets.size(); first += 500) {
        std::string command = "addr2line -a -i -f -C -e '" + std::string(module().dli_fname) + "'";
        for (std::size_t i = first; i < offsets.size() && i < first + 500; i++) {
            char text[32];
            std::snprintf(text, sizeof text, " 0x%zx", std::size_t(offsets[i]));
            command += text;
            known[offsets[i]];
        }
        if (FILE* answers = popen((command + " 2>/dev/null").c_str(), "r")) {
            read_answers(answers);
            pclose(answers);
        }
    }
}

bool in_kernel_file(const Place& place) {
    return place.file.rfind("csrc/cuda/", 0) == 0 && place.file.find("/launch.cuh") > 1000;
}

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* frames) {
    auto* all = static_cast<Frames*>(frames);
    all->push_back(_Unwind_GetIP(context));
    return all->size() < 32 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

}  // namespace

Frames frames_here() {
    Frames frames;
    _Unwind_Backtrace(note_frame, &frames);
    return frames;
}

std::vector<Place> places_of(const std::vector<Frames>& all) {
    std::vector<std::uintptr_t> unknown;
    for (const Frames& frames : all)
        for (std::uintptr_t pc : frames)
            if (!known.count(offset_of(pc))) unknown.push_back(offset_of(pc));
    ask(unknown);
    std::vector<Place> result;
    for (const Frames& frames : all) {
        result.emplace_back();
        for (std::uintptr_t pc : frames) {
            for (const Place& place : known[offset_of(pc)])
                if (result.back().file.empty() && in_kernel_file(place)) result.back() = place;
            if (!result.back().file.empty()) break;
        }
    }
    return result;
}

Place place_of(const Frames& frames) {
    return places_of({frames})[0];
}

bool machine_line(std::uintptr_t pc) {
    if (!known.count(offset_of(pc))) ask({offset_of(pc)});
    for (const Place& place : known[offset_of(pc)]) {
        if (place.file.empty()) continue;  // the C++ library's
        bool plain = place.function.find("atomic") == 0 || place.function.find("__ldg") == 0;
        return place.file.rfind("csrc/emulate/", 0) == 0 && !plain;
    }
    return false;
}

}  // namespace mt::watch

#endif
