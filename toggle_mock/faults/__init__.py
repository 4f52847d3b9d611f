"""What can go wrong on command: outcomes of calls, faults of the connection, and both as data.

Example::

    fault = toggle.faults.add(parse({"latency": {"seconds": 0.2}}))
    assert dump(fault.spec) == {"latency": {"seconds": 0.2}}
    fault.heal()
"""

from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.control import Faults
from toggle_mock.faults.script import Script
from toggle_mock.faults.spec import FaultSpec, dump, parse

__all__ = ["ActiveFault", "FaultSpec", "Faults", "Script", "dump", "parse"]
