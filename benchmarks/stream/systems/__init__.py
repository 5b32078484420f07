"""Programs that the benchmark runs as processes, in an environment of their own: nothing of ours is imported.

Each is a script: it gets its broker, topics and files through the environment (see `task`).
"""
