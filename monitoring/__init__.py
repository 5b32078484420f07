"""Observability of a running process: metrics for Prometheus, a health check, logs in JSON lines.

No decision depends on them.
"""
