"""Facts about models that are data.

prices   what an answer costs: the operator's own prices, and the built-in list
rates    a model's prices, and the cost of a usage by them; price_list: the built-in list of them
tokens   how many tokens a text is, near enough
models   the names that SeaLink itself gives
"""
