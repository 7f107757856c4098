"""Keys in the store: made, listed, changed, rotated, revoked. Blocks, as AccessStore does."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, Select, and_, insert, select, update
from sqlalchemy.engine import RowMapping

from sealink.access.changed_rules import changed, check_name, check_rules
from sealink.access.checks import CONSOLE_KEY, MAX_PAID_IN_USD
from sealink.access.credential import Balance
from sealink.access.key_secrets import digest_of, new_secret, visible_prefix
from sealink.access.keys import KeyRules
from sealink.access.records import KeyRecord, Posting, configured_key, paid_in, status_of
from sealink.access.tables.access_store import AccessStore, Change
from sealink.access.tables.audit_table import write_down
from sealink.access.tables.balance_sums import balances, opened
from sealink.access.tables.balance_table import list_postings, post
from sealink.access.tables.schema import api_keys, key_secrets, teams
from sealink.errors import Conflict, InvalidRequest, NotFound
from sealink.policy.budgets import nano_usd


class KeyTable:
    """All keys: those of the store, and (read-only) those of the config."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store
        self._configured = store.configured

    def create(self, name: str, rules: KeyRules, actor: str) -> tuple[KeyRecord, str]:
        """Make a key. Returns it and its secret, which is not kept. Raises Conflict if the name is taken."""
        check_name(name)
        check_rules(rules)
        secret = new_secret()
        digest = self._digest(secret)
        with self._store.change(actor) as change:
            self._check_free(change.connection, name)
            self._check_team(change.connection, rules)
            row = {"name": name, "rules": rules, "created_at": change.at, "ends_streams": False}
            change.connection.execute(insert(api_keys).values(**row, change=change.number))
            _add_secret(change, name, secret, digest)
            if rules.balance_usd is not None:
                post(change, name, nano_usd(rules.balance_usd), "opening")
            record = _find(change.connection, name)
            write_down(change, "key.created", None, record)
        return record, secret

    def find(self, name: str) -> KeyRecord:
        """A key. Raises NotFound."""
        with self._store.reading() as connection:
            return self._found(connection, name)

    def list(self, *, after: str = "", limit: int | None = None) -> list[KeyRecord]:
        """The keys in the order of their names, those whose names come after one."""
        query = _records().where(api_keys.c.name > after).order_by(api_keys.c.name).limit(limit)
        with self._store.reading() as connection:
            paid = balances(connection)
            records = [_record(row, paid.get(row["name"])) for row in connection.execute(query).mappings()]
        configured = self._configured.keys
        records = [record for record in records if record.name not in configured]  # a file's key comes first
        records += [configured_key(each, paid.get(name)) for name, each in configured.items() if name > after]
        return sorted(records, key=lambda record: record.name)[:limit]

    def update(self, name: str, changes: Mapping[str, object], actor: str) -> KeyRecord:
        """Change some fields of a key; None takes a field back to its default."""
        self._check_writable(name)
        with self._store.change(actor) as change:
            before = _active(change.connection, name)
            rules = changed(KeyRules, before, changes)
            self._check_team(change.connection, rules)
            _open_balance(change, before, rules)
            _set(change, name, rules=rules)
            record = _find(change.connection, name)
            write_down(change, "key.updated", before, record)
        return record

    def pay_in(self, name: str, amount_usd: float, actor: str) -> KeyRecord:
        """Add to a key's balance, of the config's keys too; below 0: take back. Raises InvalidRequest for an amount
        that is too large, or no number."""
        if not abs(amount_usd) <= MAX_PAID_IN_USD:
            most = f"at most {MAX_PAID_IN_USD:,} dollars are paid in at once, or taken back"
            raise InvalidRequest(f"{amount_usd:,.2f}: {most}.", code="invalid_value", param="amount_usd")
        amount = nano_usd(amount_usd)
        with self._store.change(actor) as change:
            before = self._found(change.connection, name)
            if before.status == "revoked":
                raise _was_revoked(name)
            post(change, name, amount, "top_up" if amount >= 0 else "refund")
            record = self._found(change.connection, name)
            write_down(change, "key.paid_in", before, record)
        return record

    def postings(self, name: str) -> Sequence[Posting]:
        """What was paid into a key's balance, the newest first."""
        return list_postings(self._store, name)

    def rotate(self, name: str, actor: str, *, overlap_s: float = 0.0) -> tuple[KeyRecord, str]:
        """Give a key another secret. The old one goes on for `overlap_s`."""
        self._check_writable(name)
        secret = new_secret()
        digest = self._digest(secret)
        with self._store.change(actor) as change:
            before = _active(change.connection, name)
            _retire_secrets(change, name, overlap_s)
            _add_secret(change, name, secret, digest)
            _set(change, name)
            record = _find(change.connection, name)
            write_down(change, "key.rotated", before, record)
        return record, secret

    def revoke(self, name: str, actor: str, *, end_streams: bool = False) -> KeyRecord:
        """Let nobody in with a key any more. It stays in the store, and its name stays taken."""
        self._check_writable(name)
        with self._store.change(actor) as change:
            before = _find(change.connection, name)
            _set(change, name, revoked_at=before.revoked_at or change.at, ends_streams=end_streams)
            record = _find(change.connection, name)
            write_down(change, "key.revoked", before, record)
        return record

    def _found(self, connection: Connection, name: str) -> KeyRecord:
        configured = self._configured.keys.get(name)
        if configured is None:
            return _find(connection, name)
        return configured_key(configured, balances(connection, name).get(name))

    def _digest(self, secret: str) -> str:
        return digest_of(secret, self._store.access_secret()).hex()

    def _check_free(self, connection: Connection, name: str) -> None:
        if name == CONSOLE_KEY:
            raise Conflict(f"The name {name!r} is that of the console's own key.", code="name_taken", param="name")
        if (configured := self._configured.keys.get(name)) is not None:
            raise Conflict(f"The name {name!r} is taken: set in {configured.set_in}.", code="name_taken", param="name")
        if connection.execute(_records().where(api_keys.c.name == name)).first() is not None:
            raise Conflict(f"There is a key {name!r} already.", code="name_taken", param="name")

    def _check_team(self, connection: Connection, rules: KeyRules) -> None:
        if rules.team is None or rules.team in self._configured.teams:
            return
        if connection.execute(select(teams.c.name).where(teams.c.name == rules.team)).first() is None:
            raise InvalidRequest(f"There is no team {rules.team!r}.", code="team_not_found", param="team")

    def _check_writable(self, name: str) -> None:
        if (configured := self._configured.keys.get(name)) is not None:
            raise Conflict(f"The key {name!r} cannot be changed here: set in {configured.set_in}.", code="read_only")


def _records() -> Select[*tuple[object, ...]]:
    """Every key with the prefix of its current secret."""
    current = and_(key_secrets.c.key == api_keys.c.name, key_secrets.c.valid_until.is_(None))
    return select(api_keys, key_secrets.c.prefix).join_from(api_keys, key_secrets, current)


def _record(row: RowMapping, balance: Balance | None) -> KeyRecord:
    rules = msgspec.convert(row["rules"], KeyRules)
    return KeyRecord(
        name=row["name"],
        prefix=row["prefix"],
        status=status_of(rules.expires, row["revoked_at"]),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        **paid_in(rules, balance),
        **msgspec.structs.asdict(rules),
    )


def _find(connection: Connection, name: str) -> KeyRecord:
    row = connection.execute(_records().where(api_keys.c.name == name)).mappings().first()
    if row is None:
        raise NotFound(f"There is no key {name!r}.", code="key_not_found")
    return _record(row, balances(connection, name).get(name))


def _active(connection: Connection, name: str) -> KeyRecord:
    """A key that was not revoked."""
    record = _find(connection, name)
    if record.status == "revoked":
        raise _was_revoked(name)
    return record


def _was_revoked(name: str) -> Conflict:
    return Conflict(f"The key {name!r} was revoked.", code="key_revoked")


def _open_balance(change: Change, before: KeyRecord, rules: KeyRules) -> None:
    """A balance is opened once, and can be taken away until it is topped up. Raises Conflict otherwise."""
    if rules.balance_usd == before.balance_usd:
        return
    balance = balances(change.connection, before.name).get(before.name)
    if rules.balance_usd is None and (balance is None or not balance.is_topped_up):
        return
    if rules.balance_usd is None or before.name in opened(change.connection, [before.name]):
        raise Conflict(
            f"The balance of {before.name!r} was opened already. Pay in, or take back (below 0), by --add-balance-usd.",
            code="balance_opened",
            param="balance_usd",
        )
    post(change, before.name, nano_usd(rules.balance_usd), "opening")


def _set(change: Change, name: str, **values: object) -> None:
    changing = update(api_keys).where(api_keys.c.name == name)
    change.connection.execute(changing.values(change=change.number, **values))


def _add_secret(change: Change, name: str, secret: str, digest: str) -> None:
    row = {"digest": digest, "key": name, "prefix": visible_prefix(secret), "created_at": change.at}
    change.connection.execute(insert(key_secrets).values(row))


def _retire_secrets(change: Change, name: str, overlap_s: float) -> None:
    """Without an overlap, a secret's time ends where it began: at once, on nodes whose clocks are slow too."""
    until: datetime | object = change.at + timedelta(seconds=overlap_s) if overlap_s else key_secrets.c.created_at
    retiring = update(key_secrets).where(key_secrets.c.key == name).values(valid_until=until)
    if overlap_s:  # those that are in an overlap already keep their time
        retiring = retiring.where(key_secrets.c.valid_until.is_(None))
    change.connection.execute(retiring)
