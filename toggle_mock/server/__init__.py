"""The gRPC server: its lifecycle and options (``server``), the three rpcs (``service``)."""
