"""The console: pages for people who run SeaLink, on the admin port, and for key holders, on the public one.

app        the Starlette application: routes, who is let in, errors as pages
backend    what the pages need of the running SeaLink
endpoints  the pages in the table of the admin port
rendering  from a template to an answer; formats: numbers, money and times as people read them
key_holders  the page on the public port
oidc       signing in by an OpenID Connect provider
sign_in_limit  how often an address may try a wrong token; cookies: as the console sets them
signed_in  lets requests through that have a session, and forms that have its token
forms      what a form says, as rules of a key or team
charts     the shapes of a chart; waterfall: those of one request
read_ahead  sums what is over before anybody looks
live_feed  what the page of open streams is pushed
pages/     what each page shows and does; templates/ and static/ hold what browsers are sent

Imported with the first request for a page: the gateway does not pay for it. Pages work without scripts, but for the
two that show streams as they run. Every answer has a content security policy that allows only the port's own files.
"""
