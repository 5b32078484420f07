"""What a stream of counts costs: ours, beside what others would build, on one broker and the same events."""
