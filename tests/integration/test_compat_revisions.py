"""The steps between the published revisions: all that is known of them is found."""

from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pytest

from toggle_mock.compat import Severity, check
from toggle_mock.schema import REVISIONS, load_schema

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
FIRST, SECOND, THIRD, FOURTH = "2025-09-17", "2025-10-03", "2025-10-10", "2025-12-09"
STEPS = [(FIRST, SECOND), (SECOND, THIRD), (THIRD, FOURTH), (FIRST, FOURTH)]
ALL_STEPS = [*pairwise(REVISIONS), (REVISIONS[0], REVISIONS[-1])]
STARTUP = "rodent.events.SystemStartupPayload"
TRANSFER = "rodent.events.DataTransferTransferPayload"


@lru_cache
def compared(old: str, new: str):
    return check(old, new)


def keys(old: str, new: str) -> set[str]:
    return {finding.key for finding in compared(old, new).findings}


SILENT = {
    STEPS[0]: {
        f"{STARTUP}.services_started->organization_id",
        f"{TRANSFER}.source->transfer_id",
        f"{TRANSFER}.destination->operation_type",
    },
    STEPS[1]: set(),
    STEPS[2]: {f"{TRANSFER}.source->transfer_info_json"},
    STEPS[3]: {
        f"{STARTUP}.services_started->organization_id",
        f"{TRANSFER}.source->transfer_id",
    },
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_misreads_silently_what_is_known_and_nothing_else(step):
    prefix = "old-to-new:misread:"
    misread = {key.removeprefix(prefix) for key in keys(*step) if key.startswith(prefix)}
    assert misread == SILENT[step]


@pytest.mark.parametrize(
    ("step", "lost"),
    [
        (STEPS[0], [f"{STARTUP}.boot_time_seconds", f"{STARTUP}.operation"]),
        (STEPS[0], ["rodent.events.StorageEvent.transfer_event"]),
        (STEPS[0], [f"{TRANSFER}.{name}" for name in ("size_bytes", "transferred_bytes")]),
        (STEPS[0], [f"{TRANSFER}.progress_percent"]),
        (STEPS[2], [f"{TRANSFER}.operation_type", f"{TRANSFER}.operation", f"{TRANSFER}.status"]),
        (
            STEPS[2],
            [
                f"{TRANSFER}.{field.name}"
                for field in load_schema(THIRD).descriptor(TRANSFER).fields
                if field.number >= 4
            ],
        ),
    ],
)
def test_each_step_is_told_of_the_fields_that_it_loses(step, lost):
    found = keys(*step)
    for field in lost:
        assert f"old-to-new:ignored:{field}" in found


@pytest.mark.parametrize(("step", "count"), list(zip(STEPS, (7, 0, 20, 9), strict=True)))
def test_as_many_breaches_as_buf_reports(step, count):
    assert sum(len(row.rules) for row in compared(*step).rows) == count


def test_additions_are_notes():
    report = compared(*STEPS[1])
    assert report.severity is Severity.NOTE
    assert {finding.key for finding in report.findings} == {
        "new-to-old:ignored:rodent.events.StorageEvent.disk_event",
        "new-to-old:ignored:rodent.events.StorageEvent.disk_probe_event",
    }


@pytest.mark.parametrize("step", ALL_STEPS)
def test_there_is_a_row_for_every_payload_type(step):
    names = {row.name for row in compared(*step).rows}
    for revision in step:
        assert load_schema(revision).payload_types.keys() <= names


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_understands_itself(revision):
    report = compared(revision, revision)
    assert not report.findings
    assert {str(row.old_to_new) for row in report.rows} == {"identical"}


def test_what_rules_pass_is_said_with_the_reason():
    (finding,) = (
        one for one in compared(*STEPS[0]).findings if one.key.endswith("source->transfer_id")
    )
    assert finding.remark.startswith("buf passes it: a rename keeps number and type")


@pytest.mark.parametrize("step", ALL_STEPS)
def test_the_page_has_the_table_of_each_step(step):
    section = PAGE.read_text().split(f"### {step[0]} to {step[1]}\n", 1)[1].split("\n#", 1)[0]
    shown = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    rows = [
        row
        for row in compared(*step).rows
        if {str(row.old_to_new), str(row.new_to_old)} != {"identical"}
    ]
    assert shown == [
        [row.short_name, told(row.old_to_new), told(row.new_to_old), str(len(row.rules))]
        for row in rows
    ]


def told(verdict) -> str:
    return "-" if verdict is None else str(verdict)
