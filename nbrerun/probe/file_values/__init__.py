"""The value of a file by its format: its bytes, without the timestamps and counters that formats store."""
