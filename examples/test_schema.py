"""Whether a schema stays understood, for a project's own continuous integration."""

from toggle_mock.compat import assert_compatible

# Known, and agreed upon: both sides are upgraded on the same day.
ACCEPTED = ["*:rodent.events.DataTransferTransferPayload.*"]


def test_additions_pass():
    assert_compatible("2025-10-03", "2025-10-10")


def test_what_is_accepted_passes_and_nothing_else():
    report = assert_compatible("2025-10-10", "2025-12-09", allow=ACCEPTED)
    assert not report.findings
    assert not report.unused, "no longer found: remove it"
