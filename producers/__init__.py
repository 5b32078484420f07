"""Where events come from: importers of other systems' records, and a simulated election night.

Every source turns records into the bytes of events and reports what it can't turn. It appends nothing.
"""
