"""Programs with a fault sown into them, and the case of the contract suite that catches it."""
