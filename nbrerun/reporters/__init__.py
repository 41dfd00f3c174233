"""Reports: `formats` render them, `targets` chooses which, `write` opens the files; the rest is shared by formats."""
