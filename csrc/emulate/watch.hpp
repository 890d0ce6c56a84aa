// The watched build (-DMT_WATCH=1): every load and store of a kernel passes through watch.cpp.
// In all other builds everything here is empty.
#pragma once

#ifndef MT_WATCH
#    define MT_WATCH 0
#endif

namespace mt::watch {

#if !MT_WATCH

inline void forget_arguments() {}

#endif

}  // namespace mt::watch
