"""The keys in force: a known one is found, any other is refused, and they can be replaced."""

import pytest

from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey, KeyRules, api_key, digest_of
from sealink.errors import AuthenticationError

KEY = ApiKey(name="dev", digest=digest_of("sk-1"), models=("claude-*", "gpt-4o"))


@pytest.mark.parametrize(
    "headers", [{"authorization": "Bearer sk-1"}, {"authorization": "bearer  sk-1"}, {"x-api-key": "sk-1"}]
)
def test_a_known_key_comes_in(headers: dict[str, str]) -> None:
    assert Keyring([KEY]).authenticate(headers) is KEY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer sk-2"},
        {"authorization": "Basic sk-1"},
        {"authorization": "sk-1"},
        {"x-api-key": ""},
    ],
)
def test_any_other_does_not(headers: dict[str, str]) -> None:
    with pytest.raises(AuthenticationError) as refused:
        Keyring([KEY]).authenticate(headers)
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")


def test_a_keyring_holds_no_secret() -> None:
    assert "sk-1" not in repr(vars(Keyring([KEY])))


def test_keys_can_be_replaced_while_the_process_runs() -> None:
    keyring = Keyring([KEY])
    other = ApiKey(name="ops", digest=digest_of("sk-2"))
    keyring.replace([other])
    assert keyring.authenticate({"x-api-key": "sk-2"}) is other
    with pytest.raises(AuthenticationError):
        keyring.authenticate({"x-api-key": "sk-1"})


def test_a_record_has_all_rules_that_a_config_can_set() -> None:
    rules = KeyRules(models=("m*",), requests_per_minute=5, strict=True, on_disconnect="drain")
    key = api_key("dev", "sk-1", rules)
    assert {name: getattr(key, name) for name in KeyRules.__struct_fields__} == {
        name: getattr(rules, name) for name in KeyRules.__struct_fields__
    }
    assert (key.name, key.digest) == ("dev", digest_of("sk-1"))
