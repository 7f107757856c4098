"""What each page shows and does; one file a page, with the routes it has.

login       signing in and out, the colours
overview    is everything well?
live        what is streaming now?
keys        who may use what: keys
teams       teams, and the audit of changes to both
"""
