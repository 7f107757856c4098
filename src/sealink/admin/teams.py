"""What the admin API does with teams."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sealink.access.keys import TeamRules, fields_of
from sealink.access.records import TeamRecord
from sealink.admin.keys import ACTOR
from sealink.admin.operation import Call
from sealink.admin.shapes import TeamList
from sealink.limits.standing import Standing, team_subject
from sealink.limits.subjects import Subject

if TYPE_CHECKING:
    from sealink.access.tables.team_table import TeamTable


class TeamOperations:
    """`table` gives the teams; `changed` is called after each change, so that this process looks at once; `standing`
    says what is left of a team's limits and money."""

    def __init__(
        self, table: "Callable[[], TeamTable]", changed: Callable[[], None], standing: Callable[[Subject], Standing]
    ) -> None:
        self._table = table
        self._changed = changed
        self._standing = standing

    def list(self, call: Call) -> TeamList:
        page = call.query
        records = self._table().list(after=page.after, limit=page.limit + 1)
        is_last = len(records) <= page.limit
        records = records[: page.limit]
        return TeamList(records, None if is_last else records[-1].name)

    def create(self, call: Call) -> TeamRecord:
        record = self._table().create(call.body.name, TeamRules(**fields_of(call.body, TeamRules)), ACTOR)
        self._changed()
        return record

    def find(self, call: Call) -> TeamRecord:
        return self._table().find(call.name)

    def standing(self, call: Call) -> Standing:
        return self._standing(team_subject(self._table().find(call.name)))

    def update(self, call: Call) -> TeamRecord:
        record = self._table().update(call.name, call.body, ACTOR)
        self._changed()
        return record

    def revoke(self, call: Call) -> TeamRecord:
        how = call.body if call.query is None else call.query
        record = self._table().revoke(call.name, ACTOR, end_streams=how.end_streams)
        self._changed()
        return record
