"""What is known of a vendor."""

from collections.abc import Callable, Mapping

import msgspec

from sealink.providers.profile import Profile
from sealink.providers.signers.signing import Settings, Signing
from sealink.providers.stated_cost import StatedCost


class Setting(msgspec.Struct, frozen=True):
    """Something besides the key that a vendor must know. Its default is the first of the environment `variables` that
    is set, else `default`."""

    variables: tuple[str, ...]
    default: str = ""
    optional: bool = False


class Vendor(msgspec.Struct, frozen=True):
    """One vendor's public facts. A vendor is one file in vendors/ with one of these, and one line in the list of
    providers/__init__.py.

    `profiles`: one for each dialect that it speaks; the first counts unless the user chooses another. `key_variable` is
    the environment variable its users keep their key in, "" for servers that need none. `serves` are patterns of the
    model names that lead to it when SeaLink runs without a config; `models` are those that GET /v1/models then lists.
    `settings` are what it must know besides a key; `located` adds what its addresses contain besides the settings.
    `signing` is how requests are signed where there is no key.

    `price_list` is its id in the built-in price list (genai-prices), "" where it is not in it. `stated_cost` is where
    it says itself what it charges. `one_search_fee`: patterns of the models whose web searches are charged once a
    request, however many there were. `otel_name` is what OpenTelemetry calls it (`gen_ai.provider.name`), "" where that
    is its name, or where there is none.
    """

    name: str
    docs: str
    profiles: tuple[Profile, ...]
    key_variable: str = ""
    serves: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = {}
    located: Callable[[Settings], Settings] | None = None
    signing: Signing | None = None
    price_list: str = ""
    stated_cost: StatedCost | None = None
    one_search_fee: tuple[str, ...] = ()
    otel_name: str = ""

    def profile(self, dialect: str | None = None) -> Profile | None:
        """How the vendor speaks this dialect, or its first one; None where it does not speak it."""
        return next((each for each in self.profiles if dialect in (None, each.dialect)), None)

    def base_url(self, profile: Profile, settings: Settings) -> str:
        """The address with the settings in it, all of which must be there."""
        return profile.base_url.format_map(self.located(settings) if self.located else settings)
