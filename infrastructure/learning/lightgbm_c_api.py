"""LightGBM's C functions for predictions, without what its Python wrapper adds to each call.

Source: LightGBM's `include/LightGBM/c_api.h`, version 4.
"""

import ctypes
import struct
from math import nan
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from application.ports.predictor import Row
from infrastructure.learning.bare_lightgbm import lightgbm as lgb

Floats = NDArray[np.float64]

FUNCTIONS = (
    "LGBM_BoosterPredictForMat",
    "LGBM_BoosterPredictForMatSingleRowFastInit",
    "LGBM_BoosterPredictForMatSingleRowFast",
    "LGBM_FastConfigFree",
    "LGBM_GetLastError",
)
_FLOAT64 = 1  # C_API_DTYPE_FLOAT64
_NORMAL = 0  # C_API_PREDICT_NORMAL
_CONTRIBUTIONS = 3  # C_API_PREDICT_CONTRIB
_ALL_ROUNDS = -1
_PARAMETERS = b"num_threads=1"


class NoSuchFunctions(Exception):
    """The library that is installed does not have the functions that are called here."""


class CBooster:
    """A booster, asked through the C functions. Safe to use from several threads.

    Args:
        booster: Lives as long as this does.

    Raises:
        NoSuchFunctions: The library lacks one of `FUNCTIONS`.
    """

    def __init__(self, booster: "lgb.Booster") -> None:
        self._library = _library()
        self._booster = booster
        self._features: int = booster.num_feature()
        self._scores: int = booster.num_model_per_iteration()
        self._of_thread = local()

    def scores_of_row(self, row: Row) -> list[float]:
        """Return the scores of one row, as many as there are per row.

        Raises:
            struct.error: The row has another number of values, or they are no numbers.
        """
        try:
            asker: _RowAsker = self._of_thread.asker
        except AttributeError:
            asker = self._of_thread.asker = _RowAsker(self._library, self._booster, self._features, self._scores)
        return asker.scores(row)

    def scores(self, matrix: Floats) -> Floats:
        """Return the scores of shape (rows, scores), of a matrix of shape (rows, features) in either order."""
        return self._predict(matrix, kind=_NORMAL, width=self._scores)

    def contributions(self, matrix: Floats) -> Floats:
        """Return the contributions of shape (rows, scores, features + 1); the last is the bias."""
        found = self._predict(matrix, kind=_CONTRIBUTIONS, width=self._scores * (self._features + 1))
        return found.reshape(len(matrix), self._scores, self._features + 1)

    def _predict(self, matrix: Floats, *, kind: int, width: int) -> Floats:
        rows, features = matrix.shape
        if features != self._features or matrix.dtype != np.float64:
            msg = f"a matrix of {self._features} columns of float64 is wanted, not {features} of {matrix.dtype}"
            raise ValueError(msg)
        is_by_columns = matrix.flags.f_contiguous and not matrix.flags.c_contiguous
        if not is_by_columns:
            matrix = np.ascontiguousarray(matrix)
        found = np.empty((rows, width), dtype=np.float64)
        if rows == 0:
            return found
        written = ctypes.c_int64()
        _require_success(
            self._library,
            self._library.LGBM_BoosterPredictForMat(
                self._booster._handle,  # noqa: SLF001 - the wrapper offers it in no other way
                ctypes.c_void_p(matrix.ctypes.data),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(rows),
                ctypes.c_int32(features),
                ctypes.c_int(not is_by_columns),
                ctypes.c_int(kind),
                ctypes.c_int(0),
                ctypes.c_int(_ALL_ROUNDS),
                ctypes.c_char_p(_PARAMETERS),
                ctypes.byref(written),
                ctypes.c_void_p(found.ctypes.data),
            ),
        )
        if written.value != found.size:
            msg = f"LightGBM wrote {written.value} numbers where there is room for {found.size}"
            raise NoSuchFunctions(msg)
        return found


class _RowAsker:
    """The buffers and the prepared call of one thread: two threads that shared them would get mixed answers."""

    def __init__(self, library: Any, booster: "lgb.Booster", features: int, scores: int) -> None:
        self._library = library
        self._booster = booster  # must outlive the prepared call
        self._pack_into = struct.Struct(f"{features}d").pack_into
        self._row = (ctypes.c_double * features)()
        self._scores = (ctypes.c_double * scores)()
        self._written = ctypes.c_int64()
        self._prepared = ctypes.c_void_p()
        _require_success(
            library,
            library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,  # noqa: SLF001 - see above
                ctypes.c_int(_NORMAL),
                ctypes.c_int(0),
                ctypes.c_int(_ALL_ROUNDS),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(features),
                ctypes.c_char_p(_PARAMETERS),
                ctypes.byref(self._prepared),
            ),
        )
        # objects made once: each conversion of an argument would cost a tenth of the prediction
        self._arguments = (
            self._prepared,
            ctypes.c_void_p(ctypes.addressof(self._row)),
            ctypes.c_void_p(ctypes.addressof(self._written)),
            ctypes.c_void_p(ctypes.addressof(self._scores)),
        )
        # this one keeps Python's lock: so short a call would wait far longer to have it back than it takes
        self._predict = ctypes.PyDLL(None, handle=library._handle).LGBM_BoosterPredictForMatSingleRowFast  # noqa: SLF001 - ctypes' own

    def __del__(self) -> None:
        if getattr(self, "_prepared", None):
            self._library.LGBM_FastConfigFree(self._prepared)

    def scores(self, row: Row) -> list[float]:
        try:
            self._pack_into(self._row, 0, *row)
        except struct.error:  # rarer than a look at each number would be dear
            self._pack_into(self._row, 0, *(nan if value is None else value for value in row))
        if self._predict(*self._arguments) != 0:
            _require_success(self._library, -1)
        return self._scores[:]  # a list: another row of the same thread writes here too


def _library() -> Any:
    library: Any = vars(lgb.basic)["_LIB"]  # the wrapper offers it in no other way
    missing = [name for name in FUNCTIONS if not hasattr(library, name)]
    if missing:
        msg = f"LightGBM {lgb.__version__} has no {', '.join(missing)}"
        raise NoSuchFunctions(msg)
    return library


def _require_success(library: Any, status: int) -> None:
    if status != 0:
        raise lgb.basic.LightGBMError(library.LGBM_GetLastError().decode("utf-8", "replace"))
