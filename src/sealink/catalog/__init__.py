"""Facts about models that are data: prices."""
