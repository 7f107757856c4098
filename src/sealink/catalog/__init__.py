"""Facts about models that are data.

prices   what tokens cost
tokens   how many tokens a text is, near enough
"""
