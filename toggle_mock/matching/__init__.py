"""Which events are meant: matchers, made of values or of text in the query language.

From the bottom up: the ``values`` in an event, the ``keys`` by which they are found, the
``conditions`` that a value meets or not, the ``matchers`` of whole events. Beside them stands the
``query`` language, which knows none of these; the ``compiler`` makes matchers of it. The modules
register with :func:`matcher_of` what stands for their matchers, so all of them are imported here.
"""

from toggle_mock.matching.compiler import compile_query
from toggle_mock.matching.matchers import Matchable, Matcher, checked, matcher_of
from toggle_mock.matching.payloads import Like, PayloadType
from toggle_mock.matching.where import where

__all__ = [
    "Like",
    "Matchable",
    "Matcher",
    "PayloadType",
    "checked",
    "compile_query",
    "matcher_of",
    "where",
]
