"""Rows and documents for scripts: JSON, JSON lines, CSV and Parquet on stdout or in a file."""
