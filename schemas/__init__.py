"""What may be said: events, forms, elections, regions, and how their bytes are read and named.

This package imports nothing else of the project. Everything else imports it.
"""
