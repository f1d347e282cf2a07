"""The parts of the parity generator: one module per folder it writes."""
