"""Tests of what checks results from outside."""
