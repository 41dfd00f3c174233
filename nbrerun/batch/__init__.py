"""Check many notebooks: which ones, how, in which processes, and with what outcome."""
