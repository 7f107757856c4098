"""Teams in the store: made, listed, changed, revoked. Blocks, as AccessStore does."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import RowMapping

from sealink.access.changed_rules import changed, check_name, check_rules
from sealink.access.keys import TeamRules
from sealink.access.records import TeamRecord, configured_team, status_of
from sealink.access.tables.access_store import AccessStore, Change
from sealink.access.tables.audit_table import write_down
from sealink.access.tables.schema import teams
from sealink.errors import Conflict, NotFound


class TeamTable:
    """All teams: those of the store, and (read-only) those of the config."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store
        self._configured = store.configured

    def create(self, name: str, rules: TeamRules, actor: str) -> TeamRecord:
        """Make a team. Raises Conflict if the name is taken."""
        check_name(name)
        check_rules(rules)
        with self._store.change(actor) as change:
            self._check_free(change.connection, name)
            row = {"name": name, "rules": rules, "created_at": change.at, "ends_streams": False}
            change.connection.execute(insert(teams).values(**row, change=change.number))
            record = _find(change.connection, name)
            write_down(change, "team.created", None, record)
        return record

    def find(self, name: str) -> TeamRecord:
        """A team. Raises NotFound."""
        if (configured := self._configured.teams.get(name)) is not None:
            return configured_team(configured)
        with self._store.reading() as connection:
            return _find(connection, name)

    def list(self, *, after: str = "", limit: int | None = None) -> list[TeamRecord]:
        """The teams in the order of their names, those whose names come after one."""
        query = select(teams).where(teams.c.name > after).order_by(teams.c.name).limit(limit)
        with self._store.reading() as connection:
            records = [_record(row) for row in connection.execute(query).mappings()]
        configured = self._configured.teams
        records = [record for record in records if record.name not in configured]  # a file's team comes first
        records += [configured_team(each) for name, each in configured.items() if name > after]
        return sorted(records, key=lambda record: record.name)[:limit]

    def update(self, name: str, changes: Mapping[str, object], actor: str) -> TeamRecord:
        """Change some fields of a team; None takes a field back to its default."""
        self._check_writable(name)
        with self._store.change(actor) as change:
            before = _find(change.connection, name)
            if before.status == "revoked":
                raise Conflict(f"The team {name!r} was revoked.", code="team_revoked")
            record = _set(change, name, rules=changed(TeamRules, before, changes))
            write_down(change, "team.updated", before, record)
        return record

    def revoke(self, name: str, actor: str, *, end_streams: bool = False) -> TeamRecord:
        """Let nobody in with a key of a team any more."""
        self._check_writable(name)
        with self._store.change(actor) as change:
            before = _find(change.connection, name)
            record = _set(change, name, revoked_at=before.revoked_at or change.at, ends_streams=end_streams)
            write_down(change, "team.revoked", before, record)
        return record

    def _check_free(self, connection: Connection, name: str) -> None:
        if (configured := self._configured.teams.get(name)) is not None:
            raise Conflict(f"The name {name!r} is taken: set in {configured.set_in}.", code="name_taken", param="name")
        if connection.execute(select(teams.c.name).where(teams.c.name == name)).first() is not None:
            raise Conflict(f"There is a team {name!r} already.", code="name_taken", param="name")

    def _check_writable(self, name: str) -> None:
        if (configured := self._configured.teams.get(name)) is not None:
            raise Conflict(f"The team {name!r} cannot be changed here: set in {configured.set_in}.", code="read_only")


def _record(row: RowMapping) -> TeamRecord:
    return TeamRecord(
        name=row["name"],
        status=status_of(None, row["revoked_at"]),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        **msgspec.structs.asdict(msgspec.convert(row["rules"], TeamRules)),
    )


def _find(connection: Connection, name: str) -> TeamRecord:
    row = connection.execute(select(teams).where(teams.c.name == name)).mappings().first()
    if row is None:
        raise NotFound(f"There is no team {name!r}.", code="team_not_found")
    return _record(row)


def _set(change: Change, name: str, **values: object) -> TeamRecord:
    changing = update(teams).where(teams.c.name == name)
    change.connection.execute(changing.values(change=change.number, **values))
    return _find(change.connection, name)
