"""Which cells to run after an edit, so that the kernel holds what a clean run of the edited notebook would."""
