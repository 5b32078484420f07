"""The command line: `rekap`. It asks, shows and reports; what a count means is decided elsewhere.

Rows go to stdout and everything else to stderr, so that every command can stand in a pipe. Modules of a
command are imported only when it runs: `rekap --help` reads none of them.
"""
