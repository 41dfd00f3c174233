"""What cells do with files: seen to be read and written, kept at every moment, carried to another kernel."""
