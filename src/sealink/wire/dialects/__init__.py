"""The wire formats: one file or folder for each."""
