"""The commands, a file for each: main lists them. A command imports what it needs when it runs.

serve              the gateway, in one process or in several on one port
check              is a config right, and what would each model use; check_prices: and cost
chat               one question, streamed to the terminal; chat_session: SeaLink started for it
usage              what the ledger has
access             keys and teams: made, listed, changed, revoked
providers          which vendors are known; providers_page writes docs/providers.md
reload             a running server reads its config again
record             the gateway, keeping what upstreams answer
sim                a fake provider; fake_provider: its server
endpoints          any OpenAI-compatible endpoint examined: `bench`, `doctor`
migration          other gateways' configs as a sealink.toml

reference          docs/commands.md
configuration      which config a command runs with
"""
