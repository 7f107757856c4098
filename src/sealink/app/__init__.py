"""A config becomes a running SeaLink. The only package that names concrete classes.

app         all of it, started and stopped, and put under another config
gateway     what takes requests at the public port
process     one process's life, from its start to the signal that stops it
garbage     when Python's garbage collector looks at everything
workers     several processes on one port
shared_config  what of them has been reloaded, for the next one
dialects    which wire format stands behind each name
providers   the providers of the config, as requests are sent to them
proxies     the proxies that the environment names
simulators  simulated providers
routes      the routes of a config's models
access      the keys of a running SeaLink, as they change
admin       the admin port of a running SeaLink
limits/     what the ledger says of what was spent and used
webhooks    events of a running SeaLink
listening/  where it listens, and how another SeaLink follows it
telemetry/  what a running process tells of itself
dev_key     the key of a run for which none is configured
live_check  each provider is asked for its models
greeting    what is printed once SeaLink listens
"""

from sealink.app.app import App
from sealink.app.dialects import RECORDED_AS, UPSTREAM_DIALECTS
from sealink.app.routes import router_of

__all__ = ["RECORDED_AS", "UPSTREAM_DIALECTS", "App", "router_of"]
