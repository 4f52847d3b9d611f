"""What all tests share: pytester for tests of the plugin, and Hypothesis' profiles."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# Shared machines are slow at times; a deadline would only make tests flaky.
settings.register_profile(
    "ci", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", parent=settings.get_profile("ci"), max_examples=50)
# The same examples each time, so that what a mutant is judged by does not depend on luck.
settings.register_profile("mutation", parent=settings.get_profile("dev"), derandomize=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)
