"""Random cases are the same in every run; ``pytest --hypothesis-profile=hunt`` draws others each time."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("hunt", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("fixed")
