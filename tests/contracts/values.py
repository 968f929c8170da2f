"""Made-up documents: every kind of value that a store must hold, odd ones included."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: not (name.startswith("__") and name.endswith("__")) and name != "_n"
)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda t: t.replace(tzinfo=UTC, fold=0))  # noqa: DTZ001
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    texts,
    st.binary(max_size=40),
    times,
)


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(children.filter(lambda item: not isinstance(item, list)), max_size=4),
        st.dictionaries(names, children, max_size=4),
    )


values = st.recursive(scalars, _nested, max_leaves=12)
documents = st.dictionaries(names, values, max_size=6)
