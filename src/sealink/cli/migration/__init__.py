"""`sealink import`: configs of other gateways."""
