// The rungs of embedding, from the ground up. Nothing else lists them.
#include "cpu/embedding/rungs.hpp"

namespace mt::MT_ISA {

#define MT_ALL_TYPES(rung) {rung<float>(), rung<double>()}

EmbeddingTable embedding_table() {
    // Made when it is asked for: whoever loads the module may not know these instructions.
    static const EmbeddingRung RUNGS[] = {
        {"k01_naive", "the definition, number by number", "", MT_ALL_TYPES(embedding_k01_naive)},
        {"k02_slices", "rows shared among threads; for the gradient, slices of all rows", "",
         MT_ALL_TYPES(embedding_k02_slices)},
    };
    return {RUNGS, sizeof RUNGS / sizeof *RUNGS};
}

}  // namespace mt::MT_ISA
