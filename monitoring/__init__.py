"""How a running process tells what it does: metrics for Prometheus, a health check, logs in JSON lines.

Nothing is decided from what is told here.
"""
