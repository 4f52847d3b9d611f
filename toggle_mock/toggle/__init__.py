"""What a test holds: a mock Toggle of this process, or the session of one test on it."""
