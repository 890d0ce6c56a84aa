// The rungs of matmul, from the ground up. Nothing else lists them.
#include "cuda/matmul/rungs.hpp"

namespace mt {

MatmulTable matmul_table() {
    static const MatmulRung rungs[] = {
        matmul::k01_naive,
    };
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
