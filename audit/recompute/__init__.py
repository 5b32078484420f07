"""A second implementation of the results, in SQL on chDB; it shares nothing with what counts but schemas."""
