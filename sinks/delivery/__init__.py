"""The sink: a process that brings rows and totals from the topics into ClickHouse.

It decides nothing and adds nothing up: what the rows say was decided where they were made.
"""
