"""What upstreams of this dialect are sent, and what they answer."""
