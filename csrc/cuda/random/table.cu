// The rungs of random numbers, from the ground up. Nothing else lists them.
#include "cuda/random/rungs.hpp"

namespace mt {

RandomTable random_table() {
    static const RandomRung rungs[] = {random::k01_naive, random::k02_blocks};
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
