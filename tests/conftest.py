"""What holds for the whole suite."""

import os

from hypothesis import settings

# A busy machine is no fault of the code; CI tries the same examples every time, so that a red run
# is one that anybody can repeat.
settings.register_profile("suite", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("suite"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "suite")
