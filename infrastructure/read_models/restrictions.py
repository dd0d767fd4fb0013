"""Which documents a question is about: its condition, begun from the few that can fulfil it where these are known.

A condition over models that speaks of fields of versions asks whether one version fulfils it. The parts of
it that every version would answer alike, those about the model itself, are asked of the model.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from application.ports.filters import And, Condition, Or
from application.ports.read_models import FIELDS, VERSION_FIELDS_OF_A_MODEL, Collection
from infrastructure.read_models.candidates import Candidates, CountFew, Narrowing
from infrastructure.read_models.checked import flat
from infrastructure.read_models.conditions import Source, Translation, exists_in, speaks_of
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.predicates import all_of, any_of, within
from infrastructure.read_models.tables import DOCUMENTS

MODELS_LOOKED_INTO = 100
"""The versions of so many models are looked through one by one, however many versions fulfil a condition."""

Ask = Callable[[Select[str]], Sequence[str]]
"""Returns the ids that a selection finds."""


class Restriction(NamedTuple):
    """What documents must fulfil.

    Attributes:
        ids: The only documents that can fulfil it; None when they are many.
        condition: What else they must fulfil, in SQL.
    """

    ids: frozenset[str] | None
    condition: ColumnElement[bool]

    def of(self, source: Source) -> ColumnElement[bool]:
        """Return all of it, for documents of the source."""
        return self.condition if self.ids is None else and_(within(source.table.c.id, self.ids), self.condition)


EVERYTHING = Restriction(None, true())


class Restricting:
    """Writes conditions as they are at a moment.

    Args:
        moment: As of when.
        count_few: Counts ids while they are few.
        ask: Returns ids, however many.
    """

    def __init__(self, moment: Moment, *, count_few: CountFew, ask: Ask) -> None:
        self._moment = moment
        self._count_few = count_few
        self._ask = ask

    def to(self, condition: Condition, source: Source) -> Restriction:
        """Return the restriction of the source to the checked condition."""
        own = dict.fromkeys(FIELDS[source.collection], source)
        conjuncts = _conjuncts(condition)
        if source.collection is not Collection.MODELS:
            return self._all(conjuncts, source, own)
        of_version = [each for each in conjuncts if speaks_of(each, VERSION_FIELDS_OF_A_MODEL)]
        restriction = self._all([each for each in conjuncts if each not in of_version], source, own)
        if not of_version:
            return restriction
        if len(of_version) == 1 and isinstance(of_version[0], Or):
            alternatives = self._alternatives(of_version[0], source)
            if alternatives is not None:
                return _both(restriction, alternatives)
        are_few = restriction.ids is not None and len(restriction.ids) <= MODELS_LOOKED_INTO
        return _both(restriction, self._has_version(of_version, source, look_through=are_few))

    def _all(self, conditions: Sequence[Condition], source: Source, fields: Mapping[str, Source]) -> Restriction:
        translation = Translation(fields, self._moment)
        found, left = self._narrowed(conditions, source, fields)
        ids = None if found is None else self._ids(found)
        return Restriction(ids, all_of(map(translation.of, left)))

    def _narrowed(
        self, conditions: Sequence[Condition], source: Source, fields: Mapping[str, Source]
    ) -> tuple[Candidates | None, list[Condition]]:
        translation = Translation(fields, self._moment)
        of_source = [name for name, each in fields.items() if each is source]
        return Narrowing(of_source, translation=translation, count_few=self._count_few).of_all(conditions)

    def _ids(self, candidates: Candidates) -> frozenset[str]:
        return frozenset(id_ for selection in candidates.selections for id_ in self._ask(selection))

    def _has_version(self, conditions: Sequence[Condition], model: Source, *, look_through: bool) -> Restriction:
        """Return that one version fulfils all of the conditions."""
        version = Source(Collection.VERSIONS, DOCUMENTS[Collection.VERSIONS].alias())
        fields = {
            **dict.fromkeys(FIELDS[Collection.MODELS], model),
            **dict.fromkeys(VERSION_FIELDS_OF_A_MODEL, version),
        }
        belongs = and_(version.table.c.model_id == model.table.c.id, self._moment.of(version.table))
        translation = Translation(fields, self._moment)
        found, left = None, list(conditions)
        if not look_through and not any(speaks_of(each, FIELDS[Collection.MODELS]) for each in conditions):
            found, left = self._narrowed(conditions, version, fields)
        if found is None:
            return Restriction(None, exists_in(version.table, belongs, all_of(map(translation.of, left))))
        # not DISTINCT, which databases would go through all versions model by model for
        theirs = select(version.table.c.model_id).where(self._moment.of(version.table))
        if found.are_by_column:
            holds = all_of(map(translation.of, conditions))
        else:
            holds = Restriction(self._ids(found), all_of(map(translation.of, left))).of(version)
        return Restriction(frozenset(self._ask(theirs.where(holds))), true())

    def _alternatives(self, condition: Or, source: Source) -> Restriction | None:
        """Return the alternatives, each about the model or about versions alone; None when one is about both.

        A model alone fulfils its own only if it has a version, which then is the one that fulfils the whole.
        """
        of_version = [each for each in condition.conditions if speaks_of(each, VERSION_FIELDS_OF_A_MODEL)]
        of_model = [each for each in condition.conditions if each not in of_version]
        if not of_model or any(speaks_of(each, FIELDS[Collection.MODELS]) for each in of_version):
            return None
        own = Translation(dict.fromkeys(FIELDS[Collection.MODELS], source), self._moment)
        version = DOCUMENTS[Collection.VERSIONS].alias()
        belongs = and_(version.c.model_id == source.table.c.id, self._moment.of(version))
        by_version = self._has_version([Or(conditions=tuple(of_version))], source, look_through=False)
        alone = and_(any_of(map(own.of, of_model)), exists_in(version, belongs))
        return Restriction(None, or_(alone, by_version.of(source)))


def _conjuncts(condition: Condition) -> tuple[Condition, ...]:
    return tuple(flat(condition)) if isinstance(condition, And) else (condition,)


def _both(one: Restriction, other: Restriction) -> Restriction:
    if one.ids is None or other.ids is None:
        ids = other.ids if one.ids is None else one.ids
    else:
        ids = one.ids & other.ids
    return Restriction(ids, and_(one.condition, other.condition))
