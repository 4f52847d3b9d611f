"""The codes of this package: RE-1xx are its errors, RE-2xx its lines of the log.

They are explained by ``python -m rodent_events explain``, and in docs/troubleshooting.md, which
``make schemas`` makes of this table.
"""

from __future__ import annotations

from typing import Final

from rodent_events.code_table import Code, CodeTable

CODES: Final = CodeTable(
    "python -m rodent_events explain",
    # Errors
    Code(
        "RE-100",
        "rodent_events.errors.RodentEventsError",
        "An error that a program has derived from the root of all errors of this package.",
        "Its text and its traceback say where it comes from.",
    ),
    Code(
        "RE-101",
        "rodent_events.errors.ConfigError",
        "A setting is unknown, has a wrong value, or contradicts another. It may come from a "
        "keyword, from the environment (`RODENT_EVENTS_…`), or from the file `rodent.yml`.",
        "The text names the setting, the value and what would be right. `python -m rodent_events` "
        "prints the settings that are in force.",
    ),
    Code(
        "RE-102",
        "rodent_events.errors.EventTypeError",
        "Something given to `emit` has a wrong type, such as a payload where the level belongs.",
        "Check the order of the arguments: level, payload, metadata. A typed emitter takes its "
        "own payload alone; `emit` takes any.",
    ),
    Code(
        "RE-103",
        "rodent_events.errors.EventValueError",
        "Something given to `emit` has a wrong value: a level that there is not, or text in source "
        "or metadata that cannot be encoded as UTF-8.",
        "The text names the value and what would be right.",
    ),
    Code(
        "RE-104",
        "rodent_events.errors.AlreadyInitializedError",
        "`initialize` was called while the process-wide bus runs; a second call would leave two "
        "buses.",
        "Call it once, where the program starts, or `shutdown()` before. In tests, use the fixture "
        "`rodent_events_bus`.",
    ),
    Code(
        "RE-105",
        "rodent_events.errors.NotInitializedError",
        "A call needs the process-wide bus, and nobody has called `initialize` yet, or the bus has "
        "been shut down.",
        "Call `initialize()` before, or use an `EventBus` of your own.",
    ),
    Code(
        "RE-106",
        "rodent_events.errors.SpoolError",
        "The spool folder or a file in it cannot be used: it cannot be made, read, written to or "
        "locked, or a process that reports to another Toggle has it.",
        "Set `events_dir` to a folder on a local disk that this user can write to, one for each "
        "Toggle. Without `require_disk` the bus starts all the same, and keeps events in memory.",
    ),
    Code(
        "RE-107",
        "rodent_events.disk.spool.SpoolFullError",
        "The spool holds as many bytes or files as `spool_max_bytes` and `spool_max_files` allow, "
        "since Toggle has not taken events for long.",
        "Have Toggle take events again (`python -m rodent_events ls` shows what waits), or raise "
        "the limits. `overflow` says what is dropped meanwhile.",
    ),
    Code(
        "RE-108",
        "rodent_events.disk.files.FolderLockedError",
        "Another bus, of this process or of another, has the folder.",
        "Nothing, as a rule: each bus takes a folder of its own below `events_dir`. To drain a "
        "folder, end the agent that uses it first.",
    ),
    Code(
        "RE-109",
        "rodent_events.errors.UnsupportedError",
        "eventlet has replaced Python's threads, so that nothing can be delivered; or gevent or "
        "eventlet has, so that no mock Toggle can run in this process.",
        "For an agent: gevent, threads, or `eventlet.monkey_patch(thread=False)`. For tests: "
        "`toggle-mock serve --http PORT` in a process of its own, and "
        "`pytest --toggle-address=http://127.0.0.1:PORT`.",
    ),
    Code(
        "RE-110",
        "rodent_events.tokens.TokenError",
        "There is no usable token: the function given as `jwt` raised, did not answer within "
        "`send_timeout` or returned no text, or the file `jwt_file` cannot be read.",
        "See what the text names. Events wait meanwhile, and the token is asked for again.",
    ),
    Code(
        "RE-111",
        "rodent_events.wire.WireError",
        "Bytes are not the protobuf that they should be, as of a spool file that is damaged.",
        "The sound part is read all the same. If the disk is well, it is a fault of whoever wrote "
        "the bytes.",
    ),
    # Lines of the log: of the start and the end
    Code(
        "RE-201",
        "%s; until it can be used, up to %d events are kept in memory alone: set events_dir to a "
        "folder that this user can write to, or require_disk if that is to stop the start",
        "The spool folder cannot be used as the bus starts. What is in memory alone is lost if the "
        "process ends while Toggle does not take it.",
        "Set `events_dir` to a folder that this user can write to, on a disk with room. The folder "
        "is tried again by itself.",
    ),
    Code(
        "RE-202",
        "the bus cannot start in this forked process: %s",
        "The program has forked, and the bus does not start anew in the child, as it does "
        "otherwise. What the child emits is not delivered.",
        "See the error at the end. If it lasts, call `initialize()` in the child, after the fork.",
    ),
    Code(
        "RE-203",
        "shutdown took longer than %s s; some events may not be on disk",
        "Disk, or a callback of the program such as `on_drop`, has not come to an end within the "
        "time that `shutdown` was given.",
        "Give `shutdown` more time, and see whether the disk is slow or a callback hangs.",
    ),
    Code(
        "RE-204",
        "%d events are lost: they were emitted without initialize(), or after shutdown()",
        "The interpreter has ended, and no bus has taken these events.",
        "Call `initialize()` in the process that emits, and `shutdown()` after the last event. "
        "Each worker of a server or a task queue is a process.",
    ),
    Code(
        "RE-205",
        "%s was called by on_drop, a token provider or a handler of the log, in a thread that "
        "delivers; it does not wait there",
        "`flush` or `shutdown` would wait for the very thread that calls it.",
        "Call it from a thread of the program, not from a callback of the bus.",
    ),
    # Of the delivery
    Code(
        "RE-206",
        "batch %s of %d events: %s (%s): %s, next send in %.1f s",
        "Toggle has not taken a batch: the status and its words stand first, then what is done. "
        "It is told once for each status until Toggle takes events again.",
        "`health().remedy` says what helps against the status; `toggle-mock doctor` goes the way "
        "to Toggle step by step. Nothing is lost meanwhile.",
    ),
    Code(
        "RE-207",
        "batch %s of %d events is quarantined: %s",
        "Toggle has refused these events for good, so they are set aside and not sent again.",
        "The reason is Toggle's. The events lie below `events_dir` as `quarantine/ID.pb`, the "
        "reason beside them. With `retry_rejected`, what is answered with `success=false` is sent "
        "again instead.",
    ),
    Code(
        "RE-208",
        "batch %s (%s) cannot be set aside: %s",
        "Toggle has refused a batch for good, and disk does not take it either: it is dropped, and "
        "counted as `quarantine_failed`.",
        "See the error of the disk at the end.",
    ),
    Code(
        "RE-209",
        "%d events were dropped so far: %s",
        "Events are lost on purpose: memory and disk are full, a rate limit or `before_emit` held "
        "them back, or they were emitted after `shutdown`. The reasons stand behind.",
        "For `overflow`, have Toggle take events, or raise `buffer_size` and `spool_max_bytes`, or "
        "set `overflow: block`. `get_stats()` has the reasons, `on_drop` is called for each.",
    ),
    Code(
        "RE-210",
        "on_drop raised",
        "The function given as `on_drop` raised; the traceback follows. Delivery goes on.",
        "Mend the function.",
    ),
    Code(
        "RE-211",
        "before_emit failed; the event is emitted as it was",
        "The function given as `before_emit` raised, or returned what is no event; the traceback "
        "follows. It is told at a bounded rate.",
        "Mend the function: it returns the event, changed or not, or None to hold it back.",
    ),
    Code(
        "RE-212",
        "unexpected error; delivery goes on in %.0f s",
        "A fault of this package, or of what it stands on. The traceback follows; events are kept.",
        "Report it, with the traceback and `debug_info()`.",
    ),
    Code(
        "RE-213",
        "the connection keeps its certificates: %s",
        "A file of certificates has changed, and what it holds now cannot be used. The connection "
        "goes on with what it held before.",
        "Replace `tls_ca_file`, `tls_cert_file` and `tls_key_file` by whole files (write beside, "
        "then rename), key and certificate of one pair.",
    ),
    # Of memory and disk
    Code(
        "RE-214",
        "events stay in memory, which is nearly full: %s",
        "More than `flush_threshold` events wait, and disk takes none of them. Beyond "
        "`buffer_size`, `overflow` decides.",
        "See the error of the disk at the end: room, rights, a file system that is read-only.",
    ),
    Code(
        "RE-215",
        "events stay in memory alone, since disk takes none: %s",
        "What waits longer than `spill_after` belongs on disk, which does not take it. It is lost "
        "if the process ends while Toggle does not take it.",
        "See the error of the disk at the end: room, rights, a file system that is read-only.",
    ),
    Code(
        "RE-216",
        "the batch that waits for Toggle stays in memory: %s",
        "After `max_retry_attempts` a batch belongs on disk, which does not take it.",
        "See the error of the disk at the end.",
    ),
    Code(
        "RE-217",
        "%d events could not be brought to disk: %s",
        "The process has ended while Toggle took no events and disk did not either. They are lost, "
        "and counted as `not_saved`.",
        "See the error of the disk at the end: room, rights, limits of the spool.",
    ),
    Code(
        "RE-218",
        "the journal cannot be %s: %s",
        "With `spool_mode: journal`, or for what has waited in memory, disk takes no events.",
        "See the error of the disk at the end. Events wait in memory, and are sent from there.",
    ),
    Code(
        "RE-219",
        "cannot note on disk that %s is delivered: %s",
        "Disk does not take the note. If the process ends before it can be written, the batch "
        "is sent again, under its old id.",
        "See the error of the disk at the end.",
    ),
    Code(
        "RE-220",
        "cannot note on disk that %s is halved: %s",
        "Disk does not take the note. After a restart the batch is sent whole, and halved again.",
        "See the error of the disk at the end.",
    ),
    # Of spool files
    Code(
        "RE-221",
        "%s cannot be read: %s",
        "A spool file cannot be read. It is tried again a few times, then passed over.",
        "See the error at the end: rights, or the disk. Nobody but the bus should touch the "
        "folder.",
    ),
    Code(
        "RE-222",
        "%d events of %s are lost",
        "A spool file has been deleted or stays unreadable; its events are counted as "
        "`spool_unreadable`.",
        "Leave the folder to the bus. A file that is still there can be read by "
        "`toggle-mock spool`.",
    ),
    Code(
        "RE-223",
        "%s cannot be read, and is left as it is: %s",
        "A spool file of an earlier process cannot be read as the bus starts.",
        "See the error at the end, as for a file of another user. The next start tries it again.",
    ),
    Code(
        "RE-224",
        "%s has its fields in an unusual order; it was rewritten, and is kept as %s",
        "Another program has written this spool file, with an encoder of its own.",
        "Nothing: its events are sent. The original may be deleted.",
    ),
    Code(
        "RE-225",
        "%s is damaged (%s); %d bytes are kept as %s, %d events can be read",
        "A spool file has bytes that are no events, as after a loss of power or on a failing disk.",
        "The sound events are sent. `fsync` makes a loss of power cost nothing; see whether the "
        "disk is well.",
    ),
    Code(
        "RE-226",
        "%s cannot be deleted: %s",
        "A spool file whose events are all delivered stays; it is deleted at the next start.",
        "See the error at the end.",
    ),
    Code(
        "RE-227",
        "%s cannot be removed: %s",
        "The folder that the bus had below `events_dir` is empty and stays.",
        "Nothing: the next bus removes it. See the error at the end if they become many.",
    ),
    Code(
        "RE-228",
        "%s was removed by somebody, with what waited in it",
        "The spool folder was deleted while the bus used it. What was in memory is still sent.",
        "Keep cleaners of temporary files away from `events_dir`.",
    ),
    Code(
        "RE-229",
        "%s cannot be emptied: %s",
        "A process has ended and left events, and they cannot be taken over.",
        "See the error at the end, as of a folder of another user.",
    ),
    Code(
        "RE-230",
        "%s does not fit its file and is ignored",
        "The note of what is delivered belongs to another content. Events may be sent again, under "
        "their old ids.",
        "Do not copy single files into the spool folder.",
    ),
    Code(
        "RE-231",
        "%s cannot be written to: %s",
        "A spool file of an earlier process can be read and not be completed. It is sent all the "
        "same.",
        "See the error at the end, as of a file of another user.",
    ),
    Code(
        "RE-232",
        "%s is unreadable and is ignored",
        "The note of what is delivered is damaged. Events may be sent again, under their old ids.",
        "Nothing, unless it is repeated: then see whether the disk is well.",
    ),
)

ELSEWHERE: Final = "those from RE-300 on are explained by toggle-mock explain"

logger: Final = CODES.logger("rodent_events")
