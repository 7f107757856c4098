"""Rules that several dialects follow, in reading and in writing."""
