"""Measurements, as whole processes, of what docs/performance.md reports."""
