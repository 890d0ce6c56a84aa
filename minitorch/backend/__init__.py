"""Arrays and kernels: everything that knows on which device an array lives."""
