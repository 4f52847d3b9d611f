"""What messages of one schema come to mean under another: drawn, carried, read, compared."""
