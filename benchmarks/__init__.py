"""Speed, always as a ratio to a peer from one interleaved run."""
