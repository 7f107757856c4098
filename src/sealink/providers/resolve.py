"""A provider's address, key and settings: what the user configured, completed from what is known of the vendor."""

from collections.abc import Mapping

import msgspec

from sealink.providers.profile import Profile
from sealink.providers.signers.signing import Settings
from sealink.providers.vendor import Vendor


class ResolvedProvider(msgspec.Struct, frozen=True):
    """All that is needed to reach a vendor. `settings` has a value for each of the vendor's; "" for one not needed."""

    base_url: str
    api_key: str
    settings: Settings


class UnresolvedProvider(Exception):
    """Something must be configured first. `setting` is its name in the provider's table."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


def resolve(
    vendor: Vendor, profile: Profile, *, base_url: str, api_key: str, given: Settings, variables: Mapping[str, str]
) -> ResolvedProvider:
    """What the user configured counts, then the vendor's usual environment variables.

    The variables' key is not sent to an address that the user configured. Raises UnresolvedProvider; and
    SignerUnavailable where there is no key and the library that signs is not installed.
    """
    api_key = api_key or ("" if base_url else variables.get(vendor.key_variable, ""))
    signs = vendor.signing is not None and not api_key
    needed = not base_url or signs
    settings = {name: _value(vendor, name, given, variables, needed=needed) for name in vendor.settings}
    if not (base_url or profile.base_url):
        raise UnresolvedProvider("base_url", f"{vendor.name!r} has no address of its own: set `base_url`")
    if vendor.signing is not None and signs:
        vendor.signing.require_libraries()
    return ResolvedProvider(base_url or vendor.base_url(profile, settings), api_key, settings)


def _value(vendor: Vendor, name: str, given: Settings, variables: Mapping[str, str], *, needed: bool) -> str:
    setting = vendor.settings[name]
    candidates = (given.get(name), *map(variables.get, setting.variables), setting.default)
    value = next((candidate for candidate in candidates if candidate), "")
    if not value and needed and not setting.optional:
        raise UnresolvedProvider(
            name,
            f"{vendor.name!r} needs `{name}`: set it here, or the environment variable "
            f"{' or '.join(setting.variables)}",
        )
    return value
