"""A strategy for matchers that are made of others."""

from hypothesis import strategies as st

from toggle_mock.matching.matchers import All, AnyOf, Matcher, Not


def matchers(terms: st.SearchStrategy[Matcher], *, max_leaves: int) -> st.SearchStrategy[Matcher]:
    """Any of some terms, and what ``&``, ``|`` and ``~`` make of them."""

    def combined(inner: st.SearchStrategy[Matcher]) -> st.SearchStrategy[Matcher]:
        parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.builds(Not, inner) | st.builds(All, parts) | st.builds(AnyOf, parts)

    return st.recursive(terms, combined, max_leaves=max_leaves)
