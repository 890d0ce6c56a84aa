// The rungs of update steps, from the ground up. Nothing else lists them.
#include "cuda/update/rungs.hpp"

namespace mt {

UpdateTable update_table() {
    static const UpdateRung rungs[] = {update::k01_naive, update::k02_packs};
    return {rungs, sizeof rungs / sizeof *rungs};
}

}  // namespace mt
