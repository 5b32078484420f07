"""Checking the results from outside: from the log alone, without believing the projections."""
