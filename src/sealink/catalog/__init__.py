"""Facts about models that are data.

prices   what an answer costs; price_list: the list that it is looked up in
tokens   how many tokens a text is, near enough
models   the names that SeaLink itself gives
"""
