// The rungs of local response normalisation, from the ground up. Nothing else lists them.
#include "cpu/response/rungs.hpp"

namespace mt::MT_ISA {
namespace {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

const ResponseRung RUNGS[] = {
    {"k01_naive", "the definition, element by element", "", MT_ALL_TYPES(response_k01_naive)},
    {"k02_strips", "strips of places through all channels, powers by vectors", "",
     MT_ALL_TYPES(response_k02_strips)},
};

}  // namespace

ResponseTable response_table() {
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
