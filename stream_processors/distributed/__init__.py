"""The pipeline on Kafka: workers that own partitions of the log and of the totals, on any number of machines.

count_stage and sum_stage are pure; partition_task defines the order of state changes and publishes; engine
and worker are the shell around them, and worker is the only place that knows Faust.
"""
