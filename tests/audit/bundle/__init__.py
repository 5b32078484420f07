"""Tests of audit.bundle."""
