"""One partition of a log as its owner holds it: messages assessed, decided, kept as records, added up, made
into rows. A log on one machine is one partition.

Nothing here reads a log or writes one: that is what the embedded and the distributed runner are for.
"""
