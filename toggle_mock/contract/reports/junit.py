"""The report as JUnit's XML, valid by Ant's schema (JUnit.xsd) and Jenkins' (junit-10.xsd)."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from toggle_mock.contract.reports.failure import seen, told
from toggle_mock.contract.reports.table import by_group
from toggle_mock.contract.standing import Run, Standing, in_words, standing_of
from toggle_mock.contract.verdicts import Result


def as_junit(run: Run) -> str:
    """A suite for each group, named ``rodent.GROUP``.

    What is inconclusive is an error. Warnings and known failures are skipped, with what was seen,
    as is what does not apply: readers know nothing between failed and passed.
    """
    root = Element("testsuites")  # Ant's schema allows no attributes there
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - run.seconds))
    for number, (group, results) in enumerate(by_group(run.results).items()):
        suite = SubElement(
            root,
            "testsuite",
            _counts(run, results)
            | {
                "name": f"{run.subject}.{group}",
                "package": run.subject,
                "id": str(number),
                "timestamp": began,
                "hostname": socket.gethostname(),
                "skipped": str(sum(_tag(run, standing_of(one)) == "skipped" for one in results)),
            },
        )
        SubElement(suite, "properties")
        for result in results:
            _add(suite, run, result)
        SubElement(suite, "system-out").text = in_words(run)
        SubElement(suite, "system-err")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _counts(run: Run, results: Sequence[Result]) -> dict[str, str]:
    tags = [_tag(run, standing_of(one)) for one in results]
    return {
        "tests": str(len(tags)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "time": f"{sum(one.seconds for one in results):.3f}",
    }


def _tag(run: Run, standing: Standing) -> str | None:
    if standing is Standing.PASSED:
        return None
    if standing is Standing.INCONCLUSIVE:
        return "error"
    return "failure" if run.fails(standing) else "skipped"


def _add(suite: Element, run: Run, result: Result) -> None:
    standing = standing_of(result)
    case = SubElement(
        suite,
        "testcase",
        {
            "name": result.case.id,
            "classname": f"{run.subject}.{result.case.group}",
            "time": f"{result.seconds:.3f}",
        },
    )
    tag = _tag(run, standing)
    if tag is None:
        return
    more = {"type": str(standing)} if tag != "skipped" else {}
    what = SubElement(case, tag, {"message": f"{standing}: {seen(result)}", **more})
    if standing is not Standing.NOT_APPLICABLE:
        what.text = told(result, run.alone(result.case.id))
