"""The codes of this package: RE-3xx are its errors, RE-4xx its lines of the log and its warnings.

They are explained by ``toggle-mock explain``, and in docs/troubleshooting.md, which
``make schemas`` makes of this table.
"""

from __future__ import annotations

from typing import Final

import rodent_events.codes
from rodent_events.code_table import Code, CodeTable

CODES: Final = CodeTable(
    "toggle-mock explain",
    # Errors
    Code(
        "RE-300",
        "toggle_mock.errors.ToggleMockError",
        "An error that a program has derived from the root of all errors of this package.",
        "Its text and its traceback say where it comes from.",
    ),
    Code(
        "RE-301",
        "toggle_mock.errors.NotReceivedError",
        "What a test expects did not arrive in time, or not as often.",
        "The text shows what did arrive, the nearest first, and where the event is: filtered, "
        "still waiting, of another session, too late. docs/nothing-arrives.md has a row for each.",
    ),
    Code(
        "RE-302",
        "toggle_mock.errors.UnexpectedEventError",
        "Something arrived that a test does not expect, or too often, or in another order.",
        "The text shows it. An event that came twice is marked as one of a batch that was sent "
        "again: count ids, or mend what made the agent send it again.",
    ),
    Code(
        "RE-303",
        "toggle_mock.errors.SnapshotError",
        "What arrived is not what the snapshot has, or there is no such snapshot yet.",
        "If what arrived is right, run `pytest --toggle-snapshot-update` and look at the change "
        "before you commit it.",
    ),
    Code(
        "RE-304",
        "toggle_mock.compat.assertions.IncompatibleError",
        "Something is lost or misread between two schemas, in one direction at least.",
        "The report says where and why, with an example. What is meant is accepted by its key: "
        "`allow=`, or a baseline.",
    ),
    Code(
        "RE-305",
        "toggle_mock.errors.QueryError",
        "A text is no query.",
        "The text points at the place. Terms side by side must all match; docs/assertions.md has "
        "the language.",
    ),
    Code(
        "RE-306",
        "toggle_mock.errors.FaultSpecError",
        "Data describe no fault, or no scenario: a key or a value is misspelled.",
        "The text names the key and the nearest right one. docs/scenario.schema.json has editors "
        "complete such files.",
    ),
    Code(
        "RE-307",
        "toggle_mock.errors.ContractError",
        "What is said of a program to be judged means nothing: a feature, a time or a case that "
        "there is not, or a command that cannot be started.",
        "The text names it, and what there is.",
    ),
    Code(
        "RE-308",
        "toggle_mock.errors.StorageError",
        "A file is no recording, is damaged, or is in use by another server; or a store of "
        "recordings cannot be used, or has no such run.",
        "Give a file whose suffix is that of a recording, `.ndjson`, `.sqlite` or `.pb`, or "
        "`postgresql://HOST/DATABASE?run=NAME`, and each server one of its own. docs/postgres.md "
        "tells what a store needs.",
    ),
    Code(
        "RE-309",
        "toggle_mock.errors.SchemaError",
        "There is no such schema, it cannot be read, or it has no such message.",
        "Give a published revision, a folder of .proto files, a descriptor set, or git:REF:PATH. "
        "Compiling .proto files needs the extra `schema`.",
    ),
    Code(
        "RE-310",
        "toggle_mock.errors.UnknownIdError",
        "No session, call, event, fault or feed has this id, or none has it any more: a session "
        "ends if its client is not heard of for the time of its lease.",
        "Open a session anew; give a longer `lease` if a client is silent for long, as in a "
        "debugger.",
    ),
    Code(
        "RE-311",
        "toggle_mock.errors.NotConnectedError",
        "The Rodent has no open Connect stream, or it ended before the Rodent answered.",
        "Wait for it: `toggle.rodents[rid].wait_connected()`. If it never comes, the agent does "
        "not run, has another target, or another rid in its token.",
    ),
    Code(
        "RE-312",
        "toggle_mock.errors.NoReplyError",
        "The Rodent is connected, and did not answer a command in time.",
        "Raise the timeout, or see in the agent's log what became of the command.",
    ),
    Code(
        "RE-313",
        "toggle_mock.errors.CommandFailedError",
        "The Rodent answered that the command failed.",
        "Its answer stands in the text; its log has more.",
    ),
    Code(
        "RE-314",
        "toggle_mock.errors.NoRelayError",
        "A fault of the connection needs a relay in front of the server, or one of the session's "
        "own, and there is none.",
        "`ToggleServer(relay=True)`, `toggle-mock serve --relay`, or `session(own_port=True)`.",
    ),
    Code(
        "RE-315",
        "toggle_mock.errors.RemoteError",
        "A mock elsewhere cannot be reached over HTTP, or does not do what was asked.",
        "See that the URL is that of its HTTP API (`serve --http PORT`), not of gRPC: "
        "`toggle-mock ready URL`.",
    ),
    Code(
        "RE-316",
        "toggle_mock.errors.MissingExtraError",
        "A library is not installed that an extra brings.",
        "Run the command in the text, in the environment that runs the program.",
    ),
    Code(
        "RE-317",
        "toggle_mock.errors.TokenRefusedError",
        "A call has no token, or none that is accepted.",
        "Give the agent a token of `toggle.jwt()`, as `authorization: Bearer TOKEN`. "
        "`toggle-mock doctor` shows the claims of a token.",
    ),
    Code(
        "RE-318",
        "toggle_mock.contract.verdicts.Breach",
        "A rule of a contract suite does not hold for the program that is judged.",
        "`seen` says what happened; docs/contract-cases.md has the rule, its source and its cost.",
    ),
    Code(
        "RE-319",
        "toggle_mock.contract.verdicts.Inconclusive",
        "A case of a contract suite has not reached its point.",
        "The text says what did not happen. Give the program more time, or declare that it lacks "
        "the feature.",
    ),
    Code(
        "RE-320",
        "toggle_mock.compat.messages.codecs.UnreadableError",
        "What is written under one schema is rejected under the other.",
        "Have the other side know it before it is sent; a required field cannot be taken away.",
    ),
    Code(
        "RE-321",
        "toggle_mock.clients.answers.CommandRejectedError",
        "A handler of a simulated Rodent raises it, so that the Rodent answers with an error.",
        "Raise it within a handler alone: there it becomes the answer.",
    ),
    Code(
        "RE-322",
        "toggle_mock.loop_thread.LoopEndedError",
        "A server or a simulated Rodent is used after it was stopped, or in a process that was "
        "forked from the one it runs in.",
        "Start it in the process that uses it, and keep it running as long as it is used.",
    ),
    Code(
        "RE-323",
        "toggle_mock.locust.errors.FleetEndedError",
        "The process beside a worker of Locust that its Rodents are in has ended, or could not "
        "begin.",
        "See what it has written to stderr before: memory may have run out, or a setting be wrong.",
    ),
    # Lines of the log: of the server
    Code(
        "RE-401",
        "%s listens on %s, which other machines may reach: %s",
        "The mock was told to listen on more than the loopback interface.",
        "If that is not meant, leave `--host` and `--http-host` out. If it is, as in a container, "
        "keep the network to those who may.",
    ),
    Code(
        "RE-402",
        "gRPC at %s does not stop: it is left to itself",
        "The process was forked while the server ran, and gRPC does not tell that it has stopped.",
        "Start servers after forks, or have them in a process of their own.",
    ),
    Code(
        "RE-403",
        "%s %s failed",
        "A request over HTTP met a fault of this package; the traceback follows. It is answered "
        "with 500.",
        "Report it, with the traceback.",
    ),
    Code(
        "RE-404",
        "the lease of a session cannot be renewed: %s",
        "The server of a `RemoteToggle` does not answer. Its session ends if that lasts longer "
        "than the lease.",
        "See that the mock runs and can be reached; raise `lease` if the machine is very busy.",
    ),
    Code(
        "RE-405",
        "the client of the session of %s is gone: its faults are healed",
        "The client of a session has not been heard of for the time of its lease.",
        "Close a session when it is not needed any more; give a longer `lease` if its client may "
        "be silent for long.",
    ),
    Code(
        "RE-406",
        "a session whose client is gone could not be ended",
        "A fault of this package; the traceback follows. Other sessions go on.",
        "Report it, with the traceback.",
    ),
    # Of recordings
    Code(
        "RE-407",
        "%s: %d bytes at its end were moved to .torn",
        "A recording ends amid an entry, as its server was killed. What stands before is whole.",
        "Nothing; the file .torn may be deleted.",
    ),
    Code(
        "RE-408",
        "the recording is written to %s no more",
        "The file of a recording takes no more; the error follows. The mock goes on answering, and "
        "records in memory.",
        "See the error: room, rights. Start the mock again with a file that can be written to.",
    ),
    # Of the command line
    Code(
        "RE-409",
        "nothing is printed any more: %s",
        "Whoever reads the output of a command is gone, as `head` after its last line.",
        "Nothing, if that is meant.",
    ),
    Code(
        "RE-410",
        "a step of the scenario failed; the others go on",
        "A fault could not begin, or end, as the scenario has it; the traceback follows.",
        "The error at its end says what is missing, such as a relay.",
    ),
    Code(
        "RE-411",
        "scenario: %s",
        "A command of a scenario did not get to its Rodent: it was not connected, or did not take "
        "it.",
        "Have the step come later, once the Rodent is connected.",
    ),
    # Warnings
    Code(
        "RE-412",
        "%s wants this text as it is written: %s, or a query, in which quotes stand around text",
        "Text given to `where()` looks like a pattern or a comparison, and is neither there.",
        "`glob('ta*')`, `regex(…)`, `gt(5)` and their like say what is meant. If the text is "
        "meant as it is, write a query with quotes around it.",
    ),
    Code(
        "RE-413",
        "%s\n  strict: with strict=True this fails",
        "A contract suite in pytest has found that a rule is not kept which a program should keep, "
        "and need not.",
        "Mend the program, list the case as known to fail, or have it fail by `strict=True`.",
    ),
    # Of recordings in a store
    Code(
        "RE-414",
        "%s is away: what is recorded waits for it, up to %d MB: %s",
        "The connection to a store of recordings is lost; the error stands behind. Calls are "
        "answered, and what is recorded waits in memory. It is written once the store is back.",
        "See that the server runs and can be reached. `buffer_mb=` in the URL says how much may "
        "wait; beyond it nothing more is recorded.",
    ),
    Code(
        "RE-415",
        "%s lacks %d entries that waited for it",
        "A recording has ended while its store was away, and in the five seconds after.",
        "What the run has is whole up to then; what is missing were its last entries.",
    ),
    Code(
        "RE-416",
        "%s lacks %d entries: it could be written to no more",
        "A recording has ended that could not be written to from some time on; a line of before "
        "says why.",
        "What it has is whole up to then; what is missing were its last entries.",
    ),
    # Of fleets by Locust
    Code(
        "RE-417",
        "Rodent %d is gone: %s",
        "The process that the Rodents of a worker of Locust are in has ended before one of them.",
        "See what it has written to stderr before. What its Rodents had is not accounted for: the "
        "run is not clean.",
    ),
    # Of recordings in a store, by who follows or shares them
    Code(
        "RE-418",
        "%s is away: what is recorded there is read once it is back: %s",
        "The connection to a store is lost over which a run is followed; the error stands behind.",
        "See that the server runs and can be reached. Nothing is missing, and nothing comes twice: "
        "it is read on behind what was read last.",
    ),
    Code(
        "RE-419",
        "%s is followed no more",
        "A server that shares a run cannot read what the others add; the error follows. Its calls "
        "are refused, unless `record_best_effort` is given.",
        "See the error: the run may have been deleted. Start the server again.",
    ),
    # Of servers that share a run, by what they hear of each other
    Code(
        "RE-420",
        "what was notified on %s of %s could not be taken up",
        "A server that shares a run has failed to take up what another has asked for; the error "
        "follows. It tries again within five seconds.",
        "See the error: its role may lack a right, which docs/postgres.md names.",
    ),
    Code(
        "RE-421",
        "%s is away: what is notified there on %s is looked at once it is back: %s",
        "The connection to a store is lost over which servers that share a run hear of each other; "
        "the error stands behind.",
        "See that the server runs and can be reached. Until then each has the faults and sessions "
        "that it had.",
    ),
    Code(
        "RE-422",
        "a fault that was asked for at another server is not in force here: %s: %s",
        "A server that shares a run cannot have a fault in force that another could; the reason "
        "stands behind.",
        "Give each server what it needs, such as a relay; or ask for another fault.",
    ),
    Code(
        "RE-423",
        "%s: not each server that shares it is known to have taken up what was asked for here: %s",
        "A fault is in force, or healed, a session open, or ended, but perhaps not at each server "
        "yet.",
        "See whether one of them hangs. It is taken up as soon as that server looks.",
    ),
    Code(
        "RE-424",
        "a fault that was healed goes on here: %s",
        "A server could not undo what a fault has done, such as to listen again; the traceback "
        "follows.",
        "Start the server again.",
    ),
    Code(
        "RE-425",
        "%s: what other servers ask of Rodents here waits: %s",
        "A server that shares a run cannot tell the others what has come of what they ask of its "
        "Rodents; the error stands behind. It tries again within five seconds.",
        "See that the server of the store runs and can be reached, and that its role has the "
        "rights which docs/postgres.md names.",
    ),
    Code(
        "RE-426",
        "%s: what another server asks of a Rodent here could not be done",
        "A server that shares a run has failed to do what another asks of a Rodent; the error "
        "follows, and who has asked is told.",
        "See the error; that it is one is a mistake of ours, which is to be reported.",
    ),
)

logger: Final = CODES.logger("toggle_mock")


def explained(asked: str) -> str:
    """What a code of either package means, and what helps; see :meth:`CodeTable.explained`.

    Raises:
        LookupError: There is none; the text names the nearest.
    """
    return CodeTable("", *rodent_events.codes.CODES.rows, *CODES.rows).explained(asked)
