// The faults that are planted. Nothing else lists them.
#include "cuda/faults/faults.hpp"

namespace mt::faults {

FaultTable fault_table() {
    static const Fault faults[] = {
        {"missing_sync_after_load", "reads what others load, without a barrier",
         missing_sync_after_load},
        {"missing_sync_before_overwrite", "overwrites what others still read",
         missing_sync_before_overwrite},
        {"missing_syncwarp", "takes the lanes of a warp to run in step", missing_syncwarp},
        {"early_release", "gives a ring's slot back before it has read it", early_release},
        {"unwaited_copy", "reads what cp.async may still be copying", unwaited_copy},
        {"read_past_global", "reads one element after the input", read_past_global},
        {"write_past_global", "writes one element after the output", write_past_global},
        {"read_past_shared", "reads one element after a shared array", read_past_shared},
        {"write_past_shared", "writes one element after a shared array", write_past_shared},
        {"read_unwritten_shared", "reads shared memory that nobody wrote", read_unwritten_shared},
        {"write_to_input", "writes to an input", write_to_input},
        {"misaligned_vector", "loads a float4 from an address that is not a float4's",
         misaligned_vector},
        {"divergent_sync", "meets at two barriers that stand in two branches", divergent_sync},
        {"shuffle_missing_lane", "shuffles with a lane that has left", shuffle_missing_lane},
        {"named_barrier_deadlock", "waits at two named barriers for each other",
         named_barrier_deadlock},
        {"too_much_shared", "asks for more shared memory than there is", too_much_shared},
        {"blocks_write_one_place", "writes one place from every block", blocks_write_one_place},
        {"blocks_read_unfinished", "reads what other blocks may not have written",
         blocks_read_unfinished},
    };
    return {faults, sizeof faults / sizeof *faults};
}

}  // namespace mt::faults
