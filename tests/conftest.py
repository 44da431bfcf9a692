"""Random cases are the same in every run; ``pytest --hypothesis-profile=hunt`` draws others each time."""

import os

from hypothesis import settings

# Tests run on two processes: more threads in each would only wait for each other.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("hunt", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("fixed")
