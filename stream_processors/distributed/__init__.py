"""The pipeline on Kafka: workers that own partitions of the log and of the totals, on as many machines as it
takes.

count_hop and sum_hop are pure; owners say in which order state changes and messages go out; engine and worker
are the shell around them, and the only place that knows Faust.
"""
