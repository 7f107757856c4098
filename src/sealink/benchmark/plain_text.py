"""What servers say, as a terminal may show it."""


def plain(words: str) -> str:
    """The words on one line, without characters that a terminal would obey."""
    return "".join(each if each.isprintable() else "\ufffd" for each in " ".join(words.split()))
