"""The sink process: consumes rows and totals from the topics and inserts them into ClickHouse, at least once.

It decides nothing and adds nothing up: workers decided what the rows hold.
"""
