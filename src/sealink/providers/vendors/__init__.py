"""What is known of each vendor: a file for each, with one record, VENDOR. The list is in providers/__init__.py."""
