import tempfile
import unittest

from transfer_job import transfer

import rodent_events
from toggle_mock import NotReceivedError, ToggleServer


def broken_pipe():
    yield b"12345"
    raise BrokenPipeError("the other side is gone")


class TransferTest(unittest.TestCase):
    def setUp(self):
        self.toggle = self.enterContext(ToggleServer())
        rodent_events.initialize(
            target=self.toggle.address,
            jwt=self.toggle.jwt(),
            events_dir=self.enterContext(tempfile.TemporaryDirectory()),
            batch_timeout=0.05,
        )
        self.addCleanup(rodent_events.shutdown, timeout=10)

    def test_start_and_end_are_reported(self):
        self.assertEqual(transfer("tank/home@1", "backup/home", [b"123", b"45"]), 5)
        self.assertTrue(rodent_events.flush(timeout=20))
        started, completed = self.toggle.events
        self.assertEqual(started.payload.size_bytes, 0)
        self.assertEqual(completed.payload.transferred_bytes, 5)
        self.toggle.assert_in_order("operation:*STARTED", "operation:*COMPLETED")

    def test_a_failure_says_how_far_it_came(self):
        with self.assertRaises(BrokenPipeError):
            transfer("tank/home@1", "backup/home", broken_pipe())
        (event,) = self.toggle.wait_for("level:ERROR operation:*FAILED", timeout=20)
        self.assertEqual(event.payload.transferred_bytes, 5)
        self.assertEqual(event.metadata, {"error": "the other side is gone"})
        self.toggle.assert_not_received("operation:*COMPLETED")

    def test_each_test_has_a_server_of_its_own(self):
        self.assertEqual(list(self.toggle.events), [])
        with self.assertRaisesRegex(NotReceivedError, "nothing has arrived|received 0"):
            self.toggle.wait_for("payload:transfer", timeout=0.01)
