"""What clients of this dialect send, and what they are sent."""
