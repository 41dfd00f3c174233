"""The kernel's process: forking it, what does not survive a fork, and the random bytes that it asks the system for."""
