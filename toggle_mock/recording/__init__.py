"""What arrived: records, kept within limits, in memory and in files."""
