"""What is learned from text, and what of a text speaks for its answer."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from application.ports.predictor import rows_of
from application.ports.trainer import Iteration
from application.ports.work import WorkFailed
from domain.models.values import ModelType
from infrastructure.learning.artifact import canonical_json
from infrastructure.learning.calibration import Calibration
from infrastructure.learning.manifest import TREES
from infrastructure.learning.predictors.nlp import COEFFICIENTS, IDF, VOCABULARY, load
from infrastructure.learning.terms import Vocabulary, learned_vocabulary, terms_of
from infrastructure.learning.trained import Trained
from infrastructure.learning.training import train
from tests.support.data import ExampleTable, reviews, stars
from tests.support.examples import examples

WORDS = st.sampled_from(["good", "bad", "Good", "ok", "the", "a", "née", "Straße", "x1", "don't", "—", "!"])
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


def trained(table: ExampleTable, *, num_threads: int = 1, **hyperparameters: Any) -> Trained:
    plan = table.plan(**{**table.quickly, **hyperparameters})
    return train(plan, table.table(), num_threads=num_threads, on_iteration=lambda _: None)


def opinions(texts: list[Any], answers: list[Any], **further: Any) -> ExampleTable:
    return ExampleTable(
        name="opinions", model_type=ModelType.NLP, target="said", cells={"text": texts, **further, "said": answers}
    )


def three_moods() -> ExampleTable:
    texts = [f"{mood} {n % 5}" for n in range(30) for mood in ("so happy", "rather sad", "very angry")]
    return opinions(texts, ["joy", "grief", "rage"] * 30)


@pytest.mark.parametrize("model", ["linear", "trees"])
@pytest.mark.parametrize(
    "table", [reviews(), stars(), three_moods()], ids=["two labels", "numbers", "three labels"]
)
def test_the_same_plan_gives_the_same_bytes_with_any_number_of_threads(table: ExampleTable, model: str) -> None:
    results = []
    for threads in (1, 2, 3):
        with threadpool_limits(limits=threads):
            results.append(trained(table, num_threads=threads, model=model, feature_fraction=0.8))
    assert len({canonical_json(each.manifest.model_dump(mode="json")) for each in results}) == 1
    assert [each.metrics for each in results] == [results[0].metrics] * 3


@pytest.mark.parametrize("model", ["linear", "trees"])
@pytest.mark.parametrize(
    "table", [reviews(), stars(), three_moods()], ids=["two labels", "numbers", "three labels"]
)
def test_a_text_is_answered_and_explained_the_same_alone_and_among_others(table: ExampleTable, model: str) -> None:
    found = trained(table, model=model)
    predictor = load(found.manifest, found.parts)
    cells = predictor.schema.conform(table.instances()[:40])
    together = predictor.predict(rows_of(predictor.schema, cells))
    explained = predictor.explain(rows_of(predictor.schema, cells), together.chosen)
    for place, row in enumerate(cells):
        assert predictor.predict_row(row)[2] == together.scores[place].tolist()
        chosen = None if together.chosen is None else together.chosen[place : place + 1]
        assert predictor.explain(rows_of(predictor.schema, [row]), chosen)[0] == explained[place]


@pytest.mark.parametrize("table", [reviews(), three_moods()], ids=["two labels", "three labels"])
def test_contributions_of_a_linear_model_and_what_is_said_of_nothing_add_up_to_the_raw_score(
    table: ExampleTable,
) -> None:
    found = trained(table, model="linear")
    predictor = load(found.manifest, found.parts)
    nothing = np.log(predictor.predict_row([None] * len(predictor.schema.names))[2])
    rows = rows_of(predictor.schema, predictor.schema.conform(table.instances()))
    predicted = predictor.predict(rows)
    for scores, code, why in zip(
        np.log(predicted.scores), predicted.chosen, predictor.explain(rows, predicted.chosen), strict=True
    ):
        if len(scores) == 2:  # one score tells both apart
            expected = (scores[code] - scores[1 - code]) - (nothing[code] - nothing[1 - code])
            assert sum(why.values()) == pytest.approx(expected, abs=1e-9)
        assert list(why.values()) == sorted(why.values(), key=abs, reverse=True)
        assert 0.0 not in why.values()


def test_the_words_that_decide_are_named_with_their_column() -> None:
    found = trained(reviews(), model="linear")
    predictor = load(found.manifest, found.parts)
    rows = rows_of(predictor.schema, predictor.schema.conform([{"title": "Never again", "text": "It was awful."}]))
    predicted = predictor.predict(rows)
    assert predicted.predictions == ["no"]
    (why,) = predictor.explain(rows, predicted.chosen)
    assert why["title: never"] > 0 < why["text: awful"]
    assert all(name.split(": ")[0] in {"title", "text"} for name in why)


def test_numbers_are_labels_where_they_are_asked_to_be() -> None:
    moods = three_moods()
    numbered = opinions(moods.cells["text"], [1, 5, 3] * 30)

    found = trained(numbered, task="classification", model="linear")

    assert found.manifest.labels == (1, 3, 5)
    predictor = load(found.manifest, found.parts)
    rows = rows_of(predictor.schema, [["so happy 1"], ["rather sad 2"]])
    assert predictor.predict(rows).predictions == [1, 5]
    assert trained(numbered, model="linear").manifest.labels is None


def test_whichever_model_is_nearer_to_the_rows_held_out_is_kept_and_the_other_spoken_of() -> None:
    for table in (reviews(), stars()):
        by = {model: trained(table, model=model) for model in ("linear", "trees", "auto")}
        metric = "log_loss" if table.name == "reviews" else "rmse"
        best = min(("linear", "trees"), key=lambda model: by[model].metrics[metric])
        assert by["auto"].parts == by[best].parts
        assert (by["linear"].notes, len(by["auto"].notes)) == ((), 1)
        assert by["auto"].held_out is not None
        assert by["auto"].held_out.scores.shape == by["auto"].held_out.baseline.shape


def test_each_try_and_each_round_is_told_in_its_order() -> None:
    told: list[Iteration] = []
    table = reviews()
    train(table.quick_plan(), table.table(), num_threads=1, on_iteration=told.append)
    assert [each.iteration for each in told] == list(range(1, 15))
    assert {(each.total, *each.metrics) for each in told} == {(14, "log_loss")}
    best = [each.metrics["log_loss"] for each in told if each.is_best]
    assert best == sorted(best, reverse=True)


def test_a_boolean_is_a_label_and_a_number_is_a_quantity() -> None:
    texts = ["yes indeed", "no never"] * 20
    said = trained(opinions(texts, [True, False] * 20), min_df=1)
    counted = trained(opinions(texts, [1, 0] * 20), min_df=1)
    assert said.manifest.labels == (False, True)
    assert counted.manifest.labels is None
    assert set(counted.metrics) >= {"rmse", "mae"}


def complaints() -> ExampleTable:
    """Return 600 letters, a tenth of which complain in words that others have, too."""
    chance = np.random.default_rng(4)
    texts, said = [], []
    for _ in range(600):
        is_angry = chance.random() < 0.1
        words = chance.choice(["refund", "thanks", "invoice", "order", "again"], 6).tolist()
        texts.append(" ".join([*words, *["late"] * int(chance.poisson(3.0 if is_angry else 1.0))]))
        said.append("rage" if is_angry else "calm")
    return opinions(texts, said)


def test_of_two_labels_the_second_is_predicted_above_the_threshold_with_the_best_f1() -> None:
    even, tuned = (trained(complaints(), model="linear", **asked) for asked in ({}, {"threshold": "auto"}))

    threshold = tuned.manifest.settings["threshold"]
    assert 0.0 < threshold < 0.5
    assert tuned.metrics["f1"] > even.metrics["f1"]
    assert tuned.parts == even.parts
    assert any("above a probability" in note for note in tuned.notes)
    predictor = load(tuned.manifest, tuned.parts)
    rows = predictor.schema.conform(complaints().instances())
    found = predictor.predict(rows_of(predictor.schema, rows))
    assert found.predictions == [
        "rage" if second > threshold else "calm" for second in found.scores[:, 1].tolist()
    ]
    assert [predictor.predict_row(row)[:2] for row in rows[:20]] == list(
        zip(found.predictions[:20], (found.probabilities or ())[:20], strict=True)
    )


@pytest.mark.parametrize("model", ["linear", "trees"])
def test_rare_labels_weigh_as_much_as_frequent_ones_where_it_is_asked_for(model: str) -> None:
    plain, balanced = (trained(complaints(), model=model, class_weight=weight) for weight in ("none", "balanced"))

    means = []
    for each in (plain, balanced):
        assert each.held_out is not None
        means.append(each.held_out.scores[:, 1].mean())
    assert means[0] < 0.2 < means[1]


@pytest.mark.parametrize("table", [reviews(), three_moods()], ids=["two labels", "three labels"])
@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_calibrated_probabilities_are_plain_numbers_that_are_served(table: ExampleTable, kind: str) -> None:
    plain, found = (trained(table, model="linear", calibration=asked) for asked in ("none", kind))
    calibrated, raw = load(found.manifest, found.parts), load(plain.manifest, plain.parts)
    rows = rows_of(raw.schema, raw.schema.conform(table.instances()[:40]))

    scores = calibrated.predict(rows).scores

    expected = Calibration.of(found.manifest.settings["calibration"])(raw.predict(rows).scores)
    assert np.array_equal(scores, expected)
    assert not np.array_equal(scores, raw.predict(rows).scores)


def test_what_nobody_asked_for_is_not_in_what_is_kept() -> None:
    manifest = trained(reviews(), model="linear").manifest

    assert manifest.settings == {"ngram_max": 2}
    assert not {"class_weight", "calibration", "threshold"} & set(manifest.hyperparameters)


def test_a_threshold_between_three_labels_is_refused() -> None:
    with pytest.raises(WorkFailed, match="between two labels, the target has 3") as failure:
        trained(three_moods(), threshold=0.3)

    assert failure.value.code == "training.needless-threshold"


@pytest.mark.parametrize(
    ("table", "settings", "code"),
    [
        (opinions([None] * 20, ["a", "b"] * 10), {}, "training.no-terms"),
        (opinions([f"w{n}" for n in range(20)], ["a", "b"] * 10), {}, "training.no-terms"),
        (opinions(["x y"] * 20, ["a"] * 20), {}, "training.one-class"),
        (opinions(["x y"] * 20, [1.0] * 20), {}, "training.constant-target"),
        (opinions(["x y"] * 20, [1.0, float("inf")] * 10), {}, "training.target-out-of-range"),
    ],
)
def test_texts_that_cannot_be_learned_from_say_why(table: ExampleTable, settings: Any, code: str) -> None:
    with pytest.raises(WorkFailed) as failure:
        trained(table, **settings)
    assert failure.value.code == code
    assert len(failure.value.message) > 40


@given(texts=st.lists(TEXTS, min_size=1, max_size=12), ngram_max=st.integers(1, 3), min_df=st.integers(1, 3))
@settings(max_examples=examples(50))
def test_weights_are_those_of_scikit_learn_but_for_the_last_digit(
    texts: list[str], ngram_max: int, min_df: int
) -> None:
    vocabulary = learned_vocabulary([texts], ngram_max=ngram_max, min_df=min_df, max_features=1_000)
    theirs = TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, ngram_max), min_df=min_df, sublinear_tf=True)
    try:
        expected = theirs.fit_transform(texts).toarray()
    except ValueError:  # which is how it says that there is no term
        assert len(vocabulary) == 0
        return
    assert list(vocabulary.columns[0]) == theirs.get_feature_names_out().tolist()
    for text, row in zip(texts, expected, strict=True):
        found = np.zeros(len(vocabulary))
        places, weights = vocabulary.weighed([text])
        found[places] = weights
        assert np.allclose(found, row, rtol=1e-14, atol=0)


def test_the_terms_of_most_texts_are_known() -> None:
    texts = ["a b", "a c", "a b", "d"]
    vocabulary = learned_vocabulary([texts, ["z"] * 4], ngram_max=2, min_df=1, max_features=3)
    assert vocabulary.columns == (("a", "a b"), ("z",))
    assert learned_vocabulary([texts], ngram_max=1, min_df=3, max_features=9).columns == (("a",),)


def test_a_word_is_the_same_however_its_letters_are_composed() -> None:
    assert terms_of("Cafe\u0301 CAFÉ", ngram_max=2) == ["café", "café", "café café"]
    assert terms_of(None, ngram_max=2) == []


def test_what_is_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.learning.terms.COUNTED_MAX", 10)
    texts = [f"rare{n} often" for n in range(100)]
    assert learned_vocabulary([texts], ngram_max=1, min_df=2, max_features=9).columns == (("often",),)


def test_nothing_known_in_a_text_has_no_terms() -> None:
    places, weights = Vocabulary([["a"]], np.array([1.5]), ngram_max=1).weighed(["b c"])
    assert (len(places), len(weights)) == (0, 0)


def test_a_loaded_model_is_what_its_manifest_says() -> None:
    found = trained(reviews(), model="linear")
    grown = trained(reviews(), model="trees")
    with pytest.raises(ValueError, match="not that of 1 columns"):
        load(found.manifest.model_copy(update={"features": found.manifest.features[:1]}), found.parts)
    shorter = {**found.parts, IDF: found.parts[IDF][:-8]}
    with pytest.raises(ValueError, match="reshape"):
        load(found.manifest, shorter)
    with pytest.raises(ValueError, match="its coefficients are not those"):
        load(found.manifest.model_copy(update={"labels": ("a", "b", "c")}), found.parts)
    with pytest.raises(ValueError, match="its trees are not those"):
        load(grown.manifest.model_copy(update={"labels": ("a", "b", "c")}), grown.parts)
    with pytest.raises(ValueError, match="LightGBM refuses its trees"):
        load(grown.manifest, {**grown.parts, TREES: b"tree\n"})
    with pytest.raises(KeyError):
        load(found.manifest, {name: part for name, part in found.parts.items() if name != COEFFICIENTS})
    assert json.loads(found.parts[VOCABULARY]).keys() == {"columns"}
