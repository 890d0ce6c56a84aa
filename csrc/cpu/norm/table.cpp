// The rungs of batch normalisation, from the ground up. Nothing else lists them.
#include "cpu/norm/rungs.hpp"

namespace mt::MT_ISA {
namespace {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

const NormRung RUNGS[] = {
    {"k01_naive", "the definition, channel by channel", "", MT_ALL_TYPES(norm_k01_naive)},
    {"k02_lanes", "vectors of sums side by side, a task per channel or per strip of channels", "",
     MT_ALL_TYPES(norm_k02_lanes)},
};

}  // namespace

NormTable norm_table() {
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
