// The size of a recurrent layer's work.
#pragma once

namespace mt {

struct Recurrence {
    long T, N, H;  // steps, sequences, units
};

}  // namespace mt
