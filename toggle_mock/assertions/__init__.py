"""What a test asks of a recording: to wait for events, to assert what came and what did not."""
