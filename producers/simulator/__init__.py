"""A simulated election: an invented nation of the real size, its candidates, and the night of the count.

Same seed, same bytes. Nothing here says how anybody voted: every figure is drawn from the seed.
"""
