"""The distributed runner as it runs: processes, a real broker, a real engine, and what strikes them."""
