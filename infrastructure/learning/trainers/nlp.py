"""Models of text: a label or a number, told from the terms that stand in one or several columns."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from application.ports.predictor import Rows
from application.ports.work import WorkFailed
from domain.inference.values import Feature, FeatureType, Label
from domain.training.hyperparameters.nlp import Nlp
from domain.training.nlp import task_of
from domain.training.values import TrainingPlan
from infrastructure.learning.arrays import array_part
from infrastructure.learning.artifact import canonical_json, part_of
from infrastructure.learning.deciding import Decided, Decision, decided_unseen, notes_on, require_use_of_threshold
from infrastructure.learning.encoding import EncodedTarget, encode_target
from infrastructure.learning.environment import environment
from infrastructure.learning.label_weights import balancing
from infrastructure.learning.manifest import THRESHOLD, TREES, Manifest, Part, Source, Target
from infrastructure.learning.metrics import classification_metrics, regression_metrics
from infrastructure.learning.predictors.nlp import COEFFICIENTS, IDF, INTERCEPTS, NGRAM_MAX, VOCABULARY, load
from infrastructure.learning.split import Split, split
from infrastructure.learning.term_learning import Learned, Learner, Texts
from infrastructure.learning.terms import Text, Vocabulary, learned_vocabulary
from infrastructure.learning.threshold import EVEN
from infrastructure.learning.trained import HeldOut, OnIteration, Trained

Floats = NDArray[np.float64]


def train(plan: TrainingPlan, table: pa.Table, *, num_threads: int, on_iteration: OnIteration) -> Trained:
    """Train as planned; manifest and parts depend on nothing but the plan, the table and the libraries.

    Rows whose target is missing are left out; a text that is missing has no terms.

    Raises:
        WorkFailed: The data cannot be learned; the code says why.
        MemoryError: There was not enough.
    """
    hyperparameters = plan.hyperparameters
    assert plan.target is not None, "what is learned is a column"
    assert isinstance(hyperparameters, Nlp), "the plan chooses by its type"
    task = task_of(hyperparameters, plan.target)
    target = encode_target(task, plan.target, table.column(plan.target.name))
    if target.labels is not None:
        require_use_of_threshold(hyperparameters, labels=len(target.labels))
    is_balanced = hyperparameters.class_weight == "balanced" and target.labels is not None
    row_weights = balancing(target.values) if is_balanced else None
    divided = split(
        target.values,
        fraction=hyperparameters.validation_fraction,
        seed=hyperparameters.seed,
        is_classification=target.labels is not None,
    )
    columns = [table.column(each.name).take(pa.array(target.rows)).to_pylist() for each in plan.features]
    vocabulary = _vocabulary(plan, hyperparameters, columns, divided)
    training, validation = (_texts(vocabulary, columns, target, row_weights, part) for part in divided)
    with threadpool_limits(limits=1):
        candidates = Learner(
            terms=len(vocabulary),
            labels=None if target.labels is None else len(target.labels),
            training=training,
            validation=validation,
            hyperparameters=hyperparameters,
            num_threads=num_threads,
            on_iteration=on_iteration,
        ).learned()
    best = min(candidates, key=lambda each: each.loss)
    parts, described = _parts(vocabulary, best)
    manifest = Manifest(
        model_type=plan.model_type,
        target=Target(name=plan.target.name, type=plan.target.type),
        features=tuple(Feature(name=each.name, type=FeatureType.TEXT) for each in plan.features),
        labels=target.labels,
        best_iteration=best.steps,
        hyperparameters=hyperparameters.model_dump(mode="json"),
        parameters=best.parameters,
        settings={NGRAM_MAX: hyperparameters.ngram_max},
        environment=environment("scipy", "threadpoolctl"),
        dataset=Source(
            sha256=plan.contents.sha256,
            training_rows=len(divided.training),
            validation_rows=len(divided.validation),
        ),
        parts=described,
    )
    texts = {place: [column[row] for row in divided.validation] for place, column in enumerate(columns)}
    unknown = np.full((len(divided.validation), len(columns)), np.nan)
    scores = load(manifest, parts).predict(Rows(unknown, texts)).scores
    decided, notes = None, _notes(candidates, best)
    if target.labels is not None:
        decision = Decision.found(hyperparameters, scores, validation.target)
        decided = decided_unseen(hyperparameters, scores, validation.target)
        # a threshold of one half goes without saying, as ever
        told = {name: value for name, value in decision.settings().items() if (name, value) != (THRESHOLD, EVEN)}
        manifest = manifest.model_copy(update={"settings": {**manifest.settings, **told}})
        scores, notes = decided.probabilities, (*notes, *notes_on(decision, hyperparameters))
    return Trained(
        manifest=manifest,
        parts=parts,
        metrics=_metrics(scores, validation.target, decided),
        held_out=HeldOut(
            table=table.take(pa.array(target.rows[divided.validation])),
            truth=validation.target,
            scores=scores,
            baseline=_baseline(training.target, target.labels, len(scores)),
            labels=target.labels,
            chosen=None if decided is None else decided.chosen,
        ),
        notes=notes,
    )


def _vocabulary(plan: TrainingPlan, hyperparameters: Nlp, columns: list[list[Text]], divided: Split) -> Vocabulary:
    found = learned_vocabulary(
        [[column[row] for row in divided.training] for column in columns],
        ngram_max=hyperparameters.ngram_max,
        min_df=hyperparameters.min_df,
        max_features=hyperparameters.max_features,
    )
    if len(found) == 0:
        names = ", ".join(repr(each.name) for each in plan.features)
        message = (
            f"No term stands in {hyperparameters.min_df} texts of {names}: name columns of text in "
            "hyperparameters.text_columns, or let min_df be less."
        )
        raise WorkFailed(message, code="training.no-terms")
    return found


def _texts(
    vocabulary: Vocabulary,
    columns: list[list[Text]],
    target: EncodedTarget,
    weights: Floats | None,
    part: NDArray[np.int64],
) -> Texts:
    rows = [vocabulary.weighed([column[row] for column in columns]) for row in part.tolist()]
    return Texts(rows=rows, target=target.values[part], weights=None if weights is None else weights[part])


def _parts(vocabulary: Vocabulary, best: Learned) -> tuple[dict[str, bytes], dict[str, Part]]:
    """Return the bytes of the parts, and what the manifest says of them."""
    found = {VOCABULARY: canonical_json({"columns": vocabulary.columns})}
    if best.trees:
        found[TREES] = best.trees
    described = {name: part_of(content) for name, content in found.items()}
    for name, values in zip((IDF, COEFFICIENTS, INTERCEPTS), (vocabulary.idf, *best.arrays), strict=False):
        found[name], described[name] = array_part(values)
    return found, described


def _metrics(scores: Floats, truth: Floats, decided: Decided | None) -> dict[str, float]:
    if decided is None:
        return regression_metrics(truth, scores[:, 0])
    return classification_metrics(truth, scores, chosen=decided.chosen)


def _baseline(known: Floats, labels: tuple[Label, ...] | None, rows: int) -> Floats:
    """Return what is said of rows by who has seen the target only: the frequencies of the labels, or the mean."""
    if labels is None:
        return np.full((rows, 1), known.mean())
    return np.tile(np.bincount(known.astype(np.intp), minlength=len(labels)) / len(known), (rows, 1))


def _notes(candidates: list[Learned], best: Learned) -> tuple[str, ...]:
    others = [each for each in candidates if each.name != best.name]
    if not others:
        return ()
    rival = min(others, key=lambda each: each.loss)
    note = (
        f"Of {best.name} and {rival.name}, {best.name} came nearer to the rows held out: {best.loss:.6g} against "
        f"{rival.loss:.6g}. They were chosen by these rows, so the figures are a little too good."
    )
    return (note,)
