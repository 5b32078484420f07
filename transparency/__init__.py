"""Transparency logs as C2SP specifies them: what a log publishes, and how others check it.

Pure and on its own: it needs PyNaCl and the standard library, and nothing else of this project. The signer is
`transparency.notary`, which does know the project's log.
"""
