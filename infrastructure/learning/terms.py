"""Texts as numbers: words and runs of words, weighted by how often they stand in a text and how rare they are.

Source:
    K. Spärck Jones, A statistical interpretation of term specificity (1972). The formulas are those of
    scikit-learn's `TfidfVectorizer` with `sublinear_tf`; its numbers come out, but for the last digit.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COUNTED_MAX = 4_000_000
"""Terms that are counted at a time: beyond, those that were seen in one text so far are forgotten."""

_WORD = re.compile(r"\w+")

Floats = NDArray[np.float64]
Text = str | None


class Weighed(NamedTuple):
    """The terms of one instance that are known.

    Attributes:
        places: In the vocabulary, ascending.
        weights: One each; the squares of those of one column add up to 1.
    """

    places: NDArray[np.intp]
    weights: Floats


class Vocabulary:
    """Known terms, each with its place, column by column.

    Args:
        columns: The terms of each column of text, in the order of their places.
        idf: Of shape (terms,): the rarer a term, the larger.
        ngram_max: So many words in a row may make a term.

    Attributes:
        columns: As given.
        idf: As given.
    """

    def __init__(self, columns: Sequence[Sequence[str]], idf: Floats, *, ngram_max: int) -> None:
        self.columns = tuple(map(tuple, columns))
        self.idf = idf
        self._idf: list[float] = idf.tolist()
        self._ngram_max = ngram_max
        self._places: list[Mapping[str, int]] = []
        start = 0
        for terms in self.columns:
            self._places.append({term: place for place, term in enumerate(terms, start)})
            start += len(terms)

    def __len__(self) -> int:
        return len(self._idf)

    def weighed(self, texts: Sequence[Text]) -> Weighed:
        """Return the terms of one instance, given its text in each column."""
        places: list[int] = []
        weights: list[float] = []
        for text, known in zip(texts, self._places, strict=True):
            counts = Counter(map(known.get, terms_of(text, ngram_max=self._ngram_max)))
            found = sorted((place, count) for place, count in counts.items() if place is not None)
            raw = [(1.0 + math.log(count)) * self._idf[place] for place, count in found]
            length = math.sqrt(math.fsum(each * each for each in raw))
            places += [place for place, _ in found]
            weights += [each / length for each in raw]
        return Weighed(np.array(places, dtype=np.intp), np.array(weights, dtype=np.float64))


def terms_of(text: Text, *, ngram_max: int) -> list[str]:
    """Return the words of a text in small letters, and runs of up to `ngram_max` words, as often as they occur."""
    if text is None:
        return []
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    terms = list(words)
    for size in range(2, ngram_max + 1):
        terms += map(" ".join, zip(*(words[start:] for start in range(size)), strict=False))
    return terms


def learned_vocabulary(
    columns: Sequence[Sequence[Text]], *, ngram_max: int, min_df: int, max_features: int
) -> Vocabulary:
    """Return the terms that stand in most texts, at most `max_features`, none that stands in fewer than `min_df`.

    Args:
        columns: The texts of each column, all of the same length.
        ngram_max: So many words in a row may make a term.
        min_df: Texts that a term must stand in.
        max_features: Terms of all columns together.
    """
    counted = [_document_counts(texts, ngram_max=ngram_max) for texts in columns]
    by_frequency = sorted(
        (-count, column, term)
        for column, counts in enumerate(counted)
        for term, count in counts.items()
        if count >= min_df
    )
    kept: list[list[str]] = [[] for _ in columns]
    for _, column, term in by_frequency[:max_features]:
        kept[column].append(term)
    terms = [sorted(each) for each in kept]
    rows = len(columns[0])
    idf = [
        math.log((1 + rows) / (1 + counts[term])) + 1.0
        for counts, found in zip(counted, terms, strict=True)
        for term in found
    ]
    return Vocabulary(terms, np.array(idf, dtype=np.float64), ngram_max=ngram_max)


def _document_counts(texts: Sequence[Text], *, ngram_max: int) -> Counter[str]:
    """Return in how many texts each term stands."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(terms_of(text, ngram_max=ngram_max)))
        if len(counts) > COUNTED_MAX:
            counts = Counter({term: count for term, count in counts.items() if count > 1})
    return counts
