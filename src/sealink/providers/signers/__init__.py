"""Request signing for clouds that need more than an API key: AWS (SigV4) and Google Cloud (OAuth tokens)."""
