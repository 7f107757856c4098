"""What each page shows and does; one file a page, with the routes it has.

login       signing in and out, the colours
oidc        signing in by an OpenID Connect provider
overview    is everything well?
live        what is streaming now?
keys        who may use what: keys
requests    what happened to this one?
usage       where did the money go?
models      what can be asked, and is it healthy?
settings    how is it set up?
webhooks    who is told of what happens? a part of the settings
playground  how does it feel?
teams       teams, and the audit of changes to both
"""
