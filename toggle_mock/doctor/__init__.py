"""What an agent would see from here: its settings, and the way to Toggle, step by step."""
