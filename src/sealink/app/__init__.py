"""A config becomes a running SeaLink. The only room that names concrete classes.

app         the public port, the connections to upstreams, the ledger: started and stopped
dialects    which wire format stands behind each name
providers   a config's provider, as requests go to it
simulators  those that are simulated
routes      keys and models, as policy/ has them
"""

from sealink.app.app import App, printable
from sealink.app.dialects import RECORDED_AS, UPSTREAM_DIALECTS
from sealink.app.routes import keyring_of, router_of

__all__ = ["RECORDED_AS", "UPSTREAM_DIALECTS", "App", "keyring_of", "printable", "router_of"]
