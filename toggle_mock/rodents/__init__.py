"""The Rodents as Toggle sees them: their streams, commands to them, and all that have connected."""
