"""Which documents a question is about: its condition, begun from the few that can fulfil it where these are known.

A condition over models that speaks of fields of versions asks whether one version fulfils it. The parts of
it that every version would answer alike, those about the model itself, are asked of the model.
"""

from collections.abc import Iterable, Sequence, Set

from sqlalchemy import ColumnElement, and_, or_, select

from application.ports.filters import And, Condition, Or
from application.ports.read_models import FIELDS, VERSION_FIELDS_OF_A_MODEL, Collection
from infrastructure.read_models.asking import Asking
from infrastructure.read_models.candidates import Candidates, Narrowing
from infrastructure.read_models.checked import flat
from infrastructure.read_models.conditions import Source, Translation, exists_in, speaks_of
from infrastructure.read_models.contents import KEYED
from infrastructure.read_models.moments import Moment
from infrastructure.read_models.predicates import all_of, any_of
from infrastructure.read_models.restrictions import (
    COLUMNS,
    NOTHING,
    Demand,
    Few,
    Restriction,
    few_of_all,
    only,
    such_that,
)
from infrastructure.read_models.tables import DOCUMENTS

MODELS_LOOKED_INTO = 100
"""The versions of so many models are looked through one by one, however many versions fulfil a condition."""


class Restricting:
    """Writes conditions as they are at a moment.

    Args:
        moment: As of when.
        asking: Where candidates are counted and looked up.
    """

    def __init__(self, moment: Moment, *, asking: Asking) -> None:
        self._moment = moment
        self._asking = asking

    def to(self, condition: Condition, source: Source) -> Restriction:
        """Return the restriction of the source to the checked condition."""
        conjuncts = _conjuncts(condition)
        if source.collection is not Collection.MODELS:
            return self._all(conjuncts, source)
        of_version = [each for each in conjuncts if speaks_of(each, VERSION_FIELDS_OF_A_MODEL)]
        restriction = self._all([each for each in conjuncts if each not in of_version], source)
        if not of_version:
            return restriction
        if len(of_version) == 1 and isinstance(of_version[0], Or):
            alternatives = self._alternatives(of_version[0])
            if alternatives is not None:
                return restriction.and_also(alternatives)
        look_through = restriction.number <= MODELS_LOOKED_INTO
        return restriction.and_also(self._has_version(of_version, look_through=look_through))

    def _all(self, conditions: Sequence[Condition], source: Source) -> Restriction:
        """Return that a document fulfils all of the conditions, which are on fields of its own."""
        narrowing = self._narrowing(source)
        found, left = narrowing.of_all(conditions)
        return Restriction(
            None if found is None else self._few(found),
            rest=self._demand(left, source.collection, narrowing=narrowing),
            whole=self._demand(conditions, source.collection, narrowing=narrowing),
        )

    def _demand(self, conditions: Sequence[Condition], collection: Collection, *, narrowing: Narrowing) -> Demand:
        """Return the demand for all of the conditions, which the narrowing has gone through."""
        if not conditions:
            return NOTHING

        def holds(source: Source) -> ColumnElement[bool]:
            fields = dict.fromkeys(FIELDS[collection], source)
            return all_of(map(Translation(fields, self._moment, uncommon=narrowing.uncommon).of, in_order))

        in_order = narrowing.rarest_first(conditions)

        looks_up = any(speaks_of(each, KEYED[collection]) for each in conditions)
        return Demand(holds, reads_documents=_read_documents(conditions, collection), looks_up=looks_up)

    def _narrowing(self, source: Source) -> Narrowing:
        fields = FIELDS[source.collection]
        translation = Translation(dict.fromkeys(fields, source), self._moment)
        return Narrowing(fields, translation=translation, asking=self._asking)

    def _few(self, found: Candidates) -> Few:
        if len(found.selections) == 1 and found.are_by_column:
            return Few(found.number, selection=found.selections[0])
        ids = frozenset(id_ for selection in found.selections for id_ in self._asking.ids(selection))
        return Few(len(ids), ids)

    def _few_of_all(self, source: Source) -> Few | None:
        if self._moment.position is None:  # what there is now is many, or else soon looked through
            return None
        everything = few_of_all(source, self._moment, asking=self._asking)
        return None if everything is None else everything.few

    def _has_version(self, conditions: Sequence[Condition], *, look_through: bool) -> Restriction:
        """Return that one version of a model fulfils all of the conditions.

        Args:
            conditions: Some of them may speak of the model, too.
            look_through: The models are so few that each is asked for its versions.
        """
        version = Source(Collection.VERSIONS, DOCUMENTS[Collection.VERSIONS].alias())
        if look_through or any(speaks_of(each, FIELDS[Collection.MODELS]) for each in conditions):
            return self._version_exists(conditions, version, uncommon=frozenset())
        narrowing = self._narrowing(version)
        found, left = narrowing.of_all(conditions)
        few = self._few_of_all(version) if found is None else self._few(found)
        if few is None:
            return self._version_exists(conditions, version, uncommon=narrowing.uncommon)
        rest = self._demand(left, version.collection, narrowing=narrowing)
        columns = COLUMNS[version.collection] if rest.reads_documents else {"model_id"}
        rows = few.rows(version, columns, self._moment)
        # not DISTINCT, which databases would go through all versions model by model for
        ids = frozenset(self._asking.ids(select(rows.table.c.model_id).where(rest.of(rows))))
        return only(ids)

    def _version_exists(
        self, conditions: Sequence[Condition], version: Source, *, uncommon: Set[Condition]
    ) -> Restriction:
        def holds(model: Source) -> ColumnElement[bool]:
            fields = {
                **dict.fromkeys(FIELDS[Collection.MODELS], model),
                **dict.fromkeys(VERSION_FIELDS_OF_A_MODEL, version),
            }
            belongs = and_(version.table.c.model_id == model.table.c.id, self._moment.of(version.table))
            translation = Translation(fields, self._moment, uncommon=uncommon)
            return exists_in(version.table, belongs, all_of(map(translation.of, conditions)))

        reads_documents = _read_documents(conditions, Collection.MODELS)
        return such_that(Demand(holds, reads_documents=reads_documents, looks_up=True))

    def _alternatives(self, condition: Or) -> Restriction | None:
        """Return the alternatives, each about the model or about versions alone; None when one is about both.

        A model alone fulfils its own only if it has a version, which then is the one that fulfils the whole.
        """
        of_version = [each for each in condition.conditions if speaks_of(each, VERSION_FIELDS_OF_A_MODEL)]
        of_model = [each for each in condition.conditions if each not in of_version]
        if not of_model or any(speaks_of(each, FIELDS[Collection.MODELS]) for each in of_version):
            return None
        by_version = self._has_version([Or(conditions=tuple(of_version))], look_through=False)
        version = DOCUMENTS[Collection.VERSIONS].alias()

        def holds(model: Source) -> ColumnElement[bool]:
            own = Translation(dict.fromkeys(FIELDS[Collection.MODELS], model), self._moment)
            belongs = and_(version.c.model_id == model.table.c.id, self._moment.of(version))
            alone = and_(any_of(map(own.of, of_model)), exists_in(version, belongs))
            return or_(alone, by_version.whole.of(model))

        reads_documents = _read_documents(of_model, Collection.MODELS)
        return such_that(Demand(holds, reads_documents=reads_documents, looks_up=True))


def _conjuncts(condition: Condition) -> tuple[Condition, ...]:
    return tuple(flat(condition)) if isinstance(condition, And) else (condition,)


def _read_documents(conditions: Iterable[Condition], collection: Collection) -> bool:
    return any(speaks_of(each, COLUMNS[collection] | {"id"}) for each in conditions)
