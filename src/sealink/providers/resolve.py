"""Where a provider is, and how its door is opened: what the user said, filled up with what is known of the vendor."""

from collections.abc import Mapping

import msgspec

from sealink.providers.profile import Profile, Settings, Signer, Vendor


class ResolvedProvider(msgspec.Struct, frozen=True):
    """All that is needed to reach a vendor. `settings` has every one that the vendor knows and that is said."""

    address: Profile
    base_url: str
    api_key: str
    settings: Settings
    signer: Signer | None


class UnresolvedProvider(Exception):
    """Something must be said first. `setting` is its name in the provider's table, "" if it is none."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


def place(
    vendor: Vendor, address: Profile, *, base_url: str, api_key: str, given: Settings, variables: Mapping[str, str]
) -> ResolvedProvider:
    """What the user gave counts, then the vendor's usual variables, where requests go to the vendor's own address.

    Raises UnresolvedProvider; SignerUnavailable where there is no key and the package that signs is not installed.
    """
    api_key = api_key or ("" if base_url else variables.get(vendor.key_variable, ""))
    signs = vendor.signer is not None and not api_key
    needed = not base_url or signs
    settings = {name: _said(vendor, name, given, variables, needed=needed) for name in vendor.settings}
    if not (base_url or address.base_url):
        raise UnresolvedProvider("base_url", f"{vendor.name!r} runs where only you know: say its `base_url`")
    return ResolvedProvider(
        address=address,
        base_url=base_url or vendor.base_url(address, settings),
        api_key=api_key,
        settings=settings,
        signer=vendor.signer(settings) if vendor.signer is not None and signs else None,
    )


def _said(vendor: Vendor, name: str, given: Settings, variables: Mapping[str, str], *, needed: bool) -> str:
    setting = vendor.settings[name]
    candidates = (given.get(name), *map(variables.get, setting.variables), setting.default)
    value = next((candidate for candidate in candidates if candidate), "")
    if not value and needed and not setting.optional:
        raise UnresolvedProvider(
            name, f"{vendor.name!r} needs `{name}`: say it here, or set {' or '.join(setting.variables)}"
        )
    return value
