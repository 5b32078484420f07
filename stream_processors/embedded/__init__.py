"""The pipeline in one process, on one directory: log, state and projections of one election.

Who owns the directory appends; who reads it does so through the owner or, when there is none, for itself.
"""
