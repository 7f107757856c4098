"""The keys in force: a known one is found, any other is refused, and they change while the process runs."""

import hmac
from datetime import UTC, date, datetime, timedelta

import pytest

from sealink.access.configured import Configured, ConfiguredKey, ConfiguredTeam
from sealink.access.credential import Changes, Credential, credential_of, revoked
from sealink.access.key_secrets import digest_of, new_secret, visible_prefix
from sealink.access.keyring import Keyring
from sealink.access.keys import ApiKey, KeyRules, Team, api_key
from sealink.errors import AuthenticationError, ServiceUnavailable

KEY = ApiKey(name="dev", models=("claude-*", "gpt-4o"))
CONFIGURED = Configured((ConfiguredKey(KEY, "sk-1", "sealink.toml:3"),))
SECRET = b"access secret"


def changes(*stored: tuple[str, Credential], teams: tuple[Team, ...] = (), secret: bytes = SECRET) -> Changes:
    """What a store says, by the keys' secrets."""
    credentials = {digest_of(text, secret): credential for text, credential in stored}
    return Changes(1, secret, credentials, {team.name: team for team in teams})


def refusal(keyring: Keyring, secret: str) -> str:
    with pytest.raises(AuthenticationError) as refused:
        keyring.authenticate({"x-api-key": secret})
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")
    assert secret not in refused.value.message
    return refused.value.message


def name_of(keyring: Keyring, secret: str) -> str:
    return keyring.authenticate({"x-api-key": secret}).name


@pytest.mark.parametrize(
    "headers", [{"authorization": "Bearer sk-1"}, {"authorization": "bearer  sk-1"}, {"x-api-key": "sk-1"}]
)
def test_a_known_key_comes_in(headers: dict[str, str]) -> None:
    assert Keyring(CONFIGURED).authenticate(headers) is KEY


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer sk-2"},
        {"authorization": "Basic sk-1"},
        {"authorization": "sk-1"},
        {"x-api-key": ""},
        {"x-api-key": "\u00e9\ud7ff"},
    ],
)
def test_any_other_does_not(headers: dict[str, str]) -> None:
    with pytest.raises(AuthenticationError) as refused:
        Keyring(CONFIGURED).authenticate(headers)
    assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")


@pytest.mark.parametrize("access_secret", [b"", b"k", b"x" * 63, b"x" * 64, b"x" * 65, bytes(range(256))])
@pytest.mark.parametrize("secret", ["", "sk-1", "\u00e9" * 100])
def test_what_is_kept_of_secrets_is_what_the_hmac_module_says(access_secret: bytes, secret: str) -> None:
    assert digest_of(secret, access_secret) == hmac.digest(access_secret, secret.encode(), "sha256")


def test_what_is_kept_of_secrets_is_hmac_sha_256_under_the_access_secret() -> None:
    expected = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    assert digest_of("The quick brown fox jumps over the lazy dog", b"key").hex() == expected


def test_a_new_secret_has_256_bits_and_a_prefix_that_shows_36() -> None:
    secret = new_secret()
    assert secret.startswith("sk-sealink-")
    assert len(secret) == len("sk-sealink-") + 43  # base64 of 32 bytes
    assert new_secret() != secret
    assert secret.startswith(visible_prefix(secret))
    assert len(visible_prefix(secret)) == len("sk-sealink-") + 6


def test_keys_of_the_store_and_of_the_config_are_in_force() -> None:
    keyring = Keyring(CONFIGURED)
    refusal(keyring, "sk-2")
    keyring.learn(changes(("sk-2", Credential(ApiKey(name="ops")))))
    assert (name_of(keyring, "sk-1"), name_of(keyring, "sk-2")) == ("dev", "ops")


def test_what_is_learned_adds_to_what_is_known() -> None:
    keyring = Keyring(CONFIGURED)
    keyring.learn(changes(("sk-2", Credential(ApiKey(name="a"))), ("sk-3", Credential(ApiKey(name="b")))))
    keyring.learn(changes(("sk-3", revoked(ApiKey(name="b"))), ("sk-4", Credential(ApiKey(name="c")))))
    assert (name_of(keyring, "sk-2"), name_of(keyring, "sk-4")) == ("a", "c")
    assert "'b' was revoked" in refusal(keyring, "sk-3")


def test_another_config_is_put_in_force() -> None:
    keyring = Keyring(CONFIGURED)
    keyring.learn(changes(("sk-2", Credential(ApiKey(name="ops")))))
    keyring.configure(Configured((ConfiguredKey(ApiKey(name="new"), "sk-5", "sealink.toml:9"),)))
    assert (name_of(keyring, "sk-5"), name_of(keyring, "sk-2")) == ("new", "ops")
    refusal(keyring, "sk-1")


def test_keys_of_another_access_secret_are_not_valid() -> None:
    keyring = Keyring(CONFIGURED)
    keyring.learn(changes(("sk-2", Credential(ApiKey(name="ops")))))
    keyring.learn(changes(secret=b"another"))
    refusal(keyring, "sk-2")
    assert name_of(keyring, "sk-1") == "dev"


def test_a_key_of_the_store_does_not_stand_beside_one_of_its_name_in_the_config() -> None:
    keyring = Keyring(CONFIGURED)
    found = changes(("sk-2", Credential(ApiKey(name="dev"))))
    keyring.learn(found)
    refusal(keyring, "sk-2")
    assert keyring.hidden_by_config(found) == {"dev"}
    keyring.configure(Configured())
    assert name_of(keyring, "sk-2") == "dev"


def test_until_the_store_was_read_an_unknown_key_is_asked_to_come_again() -> None:
    keyring = Keyring(CONFIGURED)
    keyring.is_complete = False
    with pytest.raises(ServiceUnavailable) as refused:
        keyring.authenticate({"x-api-key": "sk-2"})
    assert refused.value.code == "store_unavailable"
    assert name_of(keyring, "sk-1") == "dev"
    keyring.learn(changes())
    refusal(keyring, "sk-2")


TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("expires", "is_valid"), [(TODAY - timedelta(1), False), (TODAY, False), (TODAY + timedelta(2), True)]
)
def test_a_key_is_valid_until_the_day_begins_on_which_it_expires(expires: date, is_valid: bool) -> None:
    key = ApiKey(name="dev", expires=expires)
    keyring = Keyring(Configured((ConfiguredKey(key, "sk-1", ""),)))
    if is_valid:
        assert name_of(keyring, "sk-1") == "dev"
    else:
        assert f"expired on {expires}" in refusal(keyring, "sk-1")


def test_a_replaced_secret_is_valid_while_the_overlap_lasts() -> None:
    key, now = ApiKey(name="dev"), datetime.now(UTC)
    soon, past = now + timedelta(hours=1), now - timedelta(seconds=1)
    keyring = Keyring(Configured())
    keyring.learn(changes(("sk-1", credential_of(key, soon)), ("sk-2", credential_of(key, past))))
    assert name_of(keyring, "sk-1") == "dev"
    assert "replaced by another" in refusal(keyring, "sk-2")


def test_of_two_ends_the_earlier_counts() -> None:
    key = ApiKey(name="dev", expires=date(2030, 1, 1))
    assert (
        credential_of(key, datetime(2029, 1, 1, tzinfo=UTC)).valid_until == datetime(2029, 1, 1, tzinfo=UTC).timestamp()
    )
    assert (
        credential_of(key, datetime(2031, 1, 1, tzinfo=UTC)).valid_until == datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    )


def test_a_revoked_key_is_out_whatever_the_clock_says() -> None:
    assert revoked(KEY).valid_until == 0.0


@pytest.mark.parametrize("source", ["file", "store"])
def test_a_revoked_team_lets_none_of_its_keys_in(source: str) -> None:
    key = ApiKey(name="dev", team="research")
    file = (ConfiguredKey(key, "sk-1", ""),) if source == "file" else ()
    store = () if source == "file" else (("sk-1", Credential(key)),)
    keyring = Keyring(Configured(file))
    keyring.learn(changes(*store, teams=(Team(name="research", requests_per_minute=5),)))
    assert name_of(keyring, "sk-1") == "dev"
    assert keyring.teams["research"].requests_per_minute == 5
    keyring.learn(changes(teams=(Team(name="research", is_revoked=True),)))
    assert "'research', which was revoked" in refusal(keyring, "sk-1")


def test_a_team_of_the_config_counts_before_one_of_its_name_in_the_store() -> None:
    configured = ConfiguredTeam(Team(name="research", requests_per_day=7), "sealink.toml:1")
    keyring = Keyring(Configured((), (configured,)))
    keyring.learn(changes(teams=(Team(name="research", is_revoked=True), Team(name="other"))))
    assert keyring.teams == {"research": configured.team, "other": Team(name="other")}


def test_a_record_has_all_rules_that_a_config_can_set() -> None:
    rules = KeyRules(models=("m*",), requests_per_minute=5, strict=True, on_disconnect="drain", team="research")
    key = api_key("dev", rules)
    assert {name: getattr(key, name) for name in KeyRules.__struct_fields__} == {
        name: getattr(rules, name) for name in KeyRules.__struct_fields__
    }
    assert key.name == "dev"
