"""Tests of audit.recompute."""
