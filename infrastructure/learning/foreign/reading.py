"""From the text of a model that was trained elsewhere to a version that is answered with like one of our own."""

from pathlib import Path

import numpy as np
from pydantic import ValidationError

from application.ports.foreign_models import ForeignModel
from application.ports.predictor import Floats, Rows
from domain.inference.values import FeatureType
from infrastructure.learning.artifact import part_of
from infrastructure.learning.bare_lightgbm import lightgbm as lgb
from infrastructure.learning.foreign.interface import features_of, labels_of, require_type
from infrastructure.learning.foreign.outline import UnreadableModel, outline_of, without_sizes
from infrastructure.learning.loading import predictor_of
from infrastructure.learning.manifest import TREES, Manifest

_PROBES = 20


def read_foreign(path: Path, model: ForeignModel) -> tuple[Manifest, bytes]:
    """Return the manifest of the model, and its trees as LightGBM of today writes them.

    These are looked at once more: what is served was never written by somebody else.

    Raises:
        UnreadableModel: It is no such model, or not as it is said to be.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UnreadableModel("it is no text; pickles, too, are never loaded here") from None
    outline = outline_of(text)
    require_type(outline, model.model_type)
    features, labels = features_of(outline, model.features), labels_of(outline, model.model_type, model.labels)
    try:
        written = lgb.Booster(model_str=without_sizes(text)).model_to_string(num_iteration=-1)
    except (lgb.basic.LightGBMError, ValueError) as error:
        if "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        raise UnreadableModel(f"LightGBM refuses it: {error}") from None
    again = outline_of(written)
    if (again.scores, again.rounds, again.objective) != (outline.scores, outline.rounds, outline.objective):
        raise UnreadableModel("LightGBM reads something else in it than it says")
    trees = written.encode()
    try:
        manifest = Manifest(
            model_type=model.model_type,
            target=None,
            features=features,
            labels=labels,
            best_iteration=outline.rounds,
            hyperparameters=model.hyperparameters,
            parameters={},
            environment={},
            dataset=None,
            parts={TREES: part_of(trees)},
        )
        _require_answers(manifest, trees)
    except ValidationError as error:
        raise UnreadableModel(error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")) from None
    except ValueError as error:
        raise UnreadableModel(str(error)) from None
    return manifest, trees


def _require_answers(manifest: Manifest, trees: bytes) -> None:
    predictor = predictor_of(manifest, {TREES: trees})
    rows = Rows(_probes(manifest))
    predicted = predictor.predict(rows)
    explained = np.asarray(predictor.explain(rows, predicted.chosen))
    if not (np.isfinite(predicted.scores).all() and np.isfinite(explained).all()):
        msg = "it answers with what is no number"
        raise ValueError(msg)


def _probes(manifest: Manifest) -> Floats:
    """Return rows with every category there is among the first of each feature, and numbers of every size."""
    chance = np.random.default_rng(0)
    rows: Floats = chance.normal(scale=10.0 ** chance.integers(-2, 4, size=(_PROBES, len(manifest.features))))
    for place, feature in enumerate(manifest.features):
        if feature.type is not FeatureType.NUMERIC:
            rows[:, place] = np.arange(_PROBES) % len(feature.categories or "ab")
    rows[0], rows[1] = 0.0, np.nan
    return rows
