// The rungs of pooling, from the ground up. Nothing else lists them.
#include "cuda/pool/rungs.hpp"

namespace mt {

PoolTable pool_table() {
    static const PoolRung rungs[] = {pool::k01_naive, pool::k02_outputs, pool::k03_tiles};
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
