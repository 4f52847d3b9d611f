"""Judge a Rodent by the contract suite, a test for each case."""

import sys

from toggle_mock.contract import rodent_contract

test_contract = rodent_contract(
    "contract.yml",
    command=[sys.executable, "-m", "toggle_mock.contract.driver", "--pace", "0.01"],
    cases=["register.before-connect", "retry.same-bytes"],
)
