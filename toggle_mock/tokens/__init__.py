"""Who calls: tokens and their signatures, certificates and their authority."""
