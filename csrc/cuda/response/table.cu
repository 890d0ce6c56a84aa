// The rungs of local response normalisation, from the ground up. Nothing else lists them.
#include "cuda/response/rungs.hpp"

namespace mt {

ResponseTable response_table() {
    static const ResponseRung rungs[] = {response::k01_naive, response::k02_slide};
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
