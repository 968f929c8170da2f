"""The calls that are recorded from Google's emulator, by topic. Each topic has a data space of its own."""

from __future__ import annotations

from typing import Any

from tests.stores.firestore_shorthand import (
    DATABASE,
    ROOT,
    Call,
    at,
    both,
    commit,
    cursor,
    delete,
    document,
    exists,
    fields,
    get,
    order,
    patch,
    put,
    query,
    reference,
    transform,
    unary,
    value,
    where,
)

WRITES: list[Call] = [
    get("r1", "w/1"),
    commit("c1", put("w/1", {"a": 1, "b": "x"})),
    get("r2", "w/1", "w/none"),
    commit("c2", put("w/1", {"a": 1, "b": "x"})),  # changes nothing
    get("r3", "w/1"),
    commit("c3", patch("w/1", {"a": 2, "c": 3}, ["a", "c", "b"])),
    get("r4", "w/1"),
    commit("c4", patch("w/1", {"a": 2}, ["a"])),  # changes nothing
    get("r5", "w/1"),
    commit("c5", patch("w/1", {"m": {"x": 1, "y": 2}}, ["m"])),
    commit("c6", patch("w/1", {"m": {"y": 3}}, ["m.y"])),
    commit("c7", patch("w/1", {}, ["m.x"])),
    commit("c8", patch("w/1", {"d.e": 1, "`": 2, "with space": 3}, ["`d.e`", "`\\``", "`with space`"])),
    get("r6", "w/1"),
    get("r7", "w/1", mask={"fieldPaths": ["m.y", "`d.e`", "zz"]}),
    commit("c9", delete("w/1")),
    get("r8", "w/1"),
    commit("c10", delete("w/1")),
    commit("c11"),
    commit("c12", patch("w/new", {"a": 1}, ["a"])),  # makes it
    get("r9", "w/new"),
    commit("c13", put("w/sub/more/1", {"deep": True})),
    get("r10", "w/sub", "w/sub/more/1"),
    commit("c14", put("w/empty", {})),
    get("r11", "w/empty"),
    commit("c15", put("w/twice", {"a": 1}), patch("w/twice", {"b": 2}, ["b"])),
    get("r12", "w/twice"),
    commit("c16", put("w/both", {"a": 1}), delete("w/both")),
    commit("c17", delete("w/both"), put("w/both", {"a": 1})),
    commit("c18", patch("w/both", {}, [], **exists(True))),  # changes nothing
    commit("c19", put("w/both", {"a": 1}, **at("c17"))),  # changes nothing
    commit("c20", patch("w/both", {"a": 1, "b": 2}, ["a"])),  # b is not in the mask
    get("r13", "w/both"),
    commit("c21", *(put(f"w/many{n}", {"n": n}) for n in range(501))),
]

CONDITIONS: list[Call] = [
    commit("c1", put("k/1", {"a": 1}, **exists(False))),
    commit("e1", put("k/1", {"a": 2}, **exists(False))),
    commit("e2", put("k/2", {"a": 2}, **exists(True))),
    commit("e3", patch("k/2", {"a": 2}, ["a"], **exists(True))),
    commit("e4", delete("k/2", **exists(True))),
    commit("e5", delete("k/1", **exists(False))),
    commit("c2", patch("k/1", {"a": 2}, ["a"], **at("c1"))),
    commit("e6", patch("k/1", {"a": 3}, ["a"], **at("c1"))),
    commit("e7", put("k/1", {"a": 3}, **at("c1"))),
    commit("e8", delete("k/1", **at("c1"))),
    commit("e9", put("k/none", {"a": 3}, **at("c1"))),
    commit("e10", delete("k/none", **at("c1"))),
    get("r1", "k/1", "k/2"),
    commit("e11", put("k/other", {}), put("k/1", {"a": 9}, **at("c1"))),
    commit("e12", put("k/other", {}), put("k/1", {"a": 9}, **exists(False))),
    commit("e13", put("k/other", {}), delete("k/none", **exists(True))),
    get("r2", "k/other"),
    commit("c3", put("k/1", {"a": 5}, **at("c2"))),
    commit("c4", delete("k/1", **at("c3"))),
    commit("c5", put("k/1", {"a": 1}, **exists(False)), put("k/2", {}, **exists(False))),
    get("r3", "k/1", "k/2"),
]

TRANSFORMS: list[Call] = [
    commit(
        "c1", put("t/1", {"a": 1, "l": [1, 2]}, **transform({"fieldPath": "at", "setToServerValue": "REQUEST_TIME"}))
    ),
    get("r1", "t/1"),
    commit(
        "c2",
        patch(
            "t/1",
            {},
            [],
            **transform(
                {"fieldPath": "a", "increment": value(4)},
                {"fieldPath": "new", "increment": value(1.5)},
                {"fieldPath": "l", "appendMissingElements": value([2, 3])["arrayValue"]},
                {"fieldPath": "m.n", "setToServerValue": "REQUEST_TIME"},
            ),
        ),
    ),
    get("r2", "t/1"),
    commit(
        "c3", patch("t/1", {}, [], **transform({"fieldPath": "l", "removeAllFromArray": value([1, 3])["arrayValue"]}))
    ),
    commit("c4", patch("t/1", {}, [], **transform({"fieldPath": "a", "maximum": value(7)}))),
    commit("c5", patch("t/1", {}, [], **transform({"fieldPath": "a", "minimum": value(6.5)}))),
    get("r3", "t/1"),
    commit("c6", put("t/none", {}, **exists(True), **transform({"fieldPath": "a", "increment": value(1)}))),
    commit(
        "c7", {"transform": {"document": f"{ROOT}/t/2", "fieldTransforms": [{"fieldPath": "a", "increment": value(1)}]}}
    ),
    get("r4", "t/2", mask={"fieldPaths": ["a"]}),
    commit("c8", patch("t/1", {}, [], **transform({"fieldPath": "a", "increment": value("x")}))),
    commit("c9", put("t/3", {"big": 9223372036854775807}, **transform({"fieldPath": "big", "increment": value(1)}))),
    get("r5", "t/3"),
]

_PEOPLE = [
    ("1", {"n": 1, "s": "b", "tags": ["x", "y"], "even": False}),
    ("2", {"n": 2.0, "s": "a", "tags": ["y"], "even": True, "m": {"k": 1}}),
    ("3", {"n": 3, "s": "c", "even": False, "nothing": None}),
    ("B", {"n": "text", "s": "B"}),
    ("a", {"n": None, "s": "a"}),
    ("b", {"n": True, "s": "é"}),
    ("b2", {"n": {"bytesValue": "AAE="}}),
    ("b3", {"n": [1]}),
    ("b4", {"n": {"timestampValue": "2020-01-02T03:04:05.678901Z"}}),
    ("b5", {"n": {"a": 1}}),
    ("b6", {"n": -0.5}),
    ("b7", {"n": {"doubleValue": "NaN"}}),
    ("b8", {"n": reference("q/1")}),
    ("b9", {"n": {"geoPointValue": {"latitude": 1.0, "longitude": 2.0}}}),
]

QUERIES: list[Call] = [
    query("q0", "q"),
    commit("c1", *(put(f"q/{id_}", data) for id_, data in _PEOPLE)),
    commit("c2", put("q/1/q/inner", {"n": 1}), put("other/1", {"n": 1})),
    query("q1", "q"),
    query("q2", "q", **order("-__name__"), limit=2),
    query("q3", "q", **order("n")),
    query("q4", "q", **order("-s", "__name__")),
    query("q5", "q", **where("n", "EQUAL", 2)),
    query("q6", "q", **where("n", "EQUAL", 1.0)),
    query("q7", "q", **where("n", "LESS_THAN", 3)),
    query("q8", "q", **where("n", "GREATER_THAN_OR_EQUAL", 2), **order("-n")),
    query("q9", "q", **where("s", "GREATER_THAN", "a")),
    query("q10", "q", **where("s", "IN", ["a", "c"])),
    query("q11", "q", **where("tags", "ARRAY_CONTAINS", "y")),
    query("q12", "q", **where("tags", "ARRAY_CONTAINS_ANY", ["x", "z"])),
    query("q13", "q", **where("s", "NOT_EQUAL", "a")),
    query("q14", "q", **where("s", "NOT_IN", ["a", "b"])),
    query("q15", "q", **where("m.k", "EQUAL", 1)),
    query("q16", "q", **unary("n", "IS_NULL")),
    query("q17", "q", **unary("n", "IS_NAN")),
    query("q18", "q", **unary("n", "IS_NOT_NULL")),
    query("q19", "q", **both("AND", where("s", "EQUAL", "a"), where("n", "EQUAL", 2))),
    query("q20", "q", **both("OR", where("s", "EQUAL", "c"), where("n", "EQUAL", 2))),
    query("q21", "q", **where("__name__", "GREATER_THAN", reference("q/b3"))),
    query("q22", "q", **where("__name__", "IN", {"arrayValue": {"values": [reference("q/1"), reference("q/zz")]}})),
    query("q23", "q", **order("__name__"), limit=2, startAt=cursor(False, reference("q/2"))),
    query(
        "q24", "q", **order("__name__"), startAt=cursor(True, reference("q/b6")), endAt=cursor(True, reference("q/b8"))
    ),
    query("q25", "q", **order("s", "__name__"), startAt=cursor(False, "a", reference("q/2"))),
    query("q26", "q", **order("-s"), endAt=cursor(False, "b")),
    query("q27", "q", offset=3, limit=1),
    query("q28", "q", select={"fields": [{"fieldPath": "s"}, {"fieldPath": "m.k"}]}, limit=2),
    query("q29", "q", select={"fields": [{"fieldPath": "__name__"}]}, limit=2),
    query("q30", "q", parent="/q/1"),
    query("q31", "q", limit=0),
    query("q32", "q", limit=100, offset=100),
    query("q33", "q", **where("even", "EQUAL", False), **order("__name__"), startAt=cursor(False, reference("q/1"))),
    {
        "name": "g1",
        "rpc": "RunQuery",
        "request": {
            "parent": ROOT,
            "structuredQuery": {"from": [{"collectionId": "q", "allDescendants": True}], **where("n", "EQUAL", 1)},
        },
    },
    {
        "name": "a1",
        "rpc": "RunAggregationQuery",
        "request": {
            "parent": ROOT,
            "structuredAggregationQuery": {
                "structuredQuery": {"from": [{"collectionId": "q"}], **where("s", "EQUAL", "a")},
                "aggregations": [{"alias": "total", "count": {}}],
            },
        },
    },
    {
        "name": "a2",
        "rpc": "RunAggregationQuery",
        "request": {
            "parent": ROOT,
            "structuredAggregationQuery": {
                "structuredQuery": {"from": [{"collectionId": "q"}]},
                "aggregations": [{"alias": "some", "count": {"upTo": "3"}}, {"alias": "all", "count": {}}],
            },
        },
    },
]

SINGLE: list[Call] = [
    {"name": "g0", "rpc": "GetDocument", "request": {"name": f"{ROOT}/s/1"}},
    {
        "name": "n1",
        "rpc": "CreateDocument",
        "request": {"parent": ROOT, "collectionId": "s", "documentId": "1", "document": {"fields": fields({"a": 1})}},
    },
    {
        "name": "n2",
        "rpc": "CreateDocument",
        "request": {"parent": ROOT, "collectionId": "s", "documentId": "1", "document": {"fields": fields({"a": 1})}},
    },
    {"name": "g1", "rpc": "GetDocument", "request": {"name": f"{ROOT}/s/1"}},
    {
        "name": "u1",
        "rpc": "UpdateDocument",
        "request": {"document": document("s/1", {"b": 2}), "updateMask": {"fieldPaths": ["b"]}},
    },
    {
        "name": "u2",
        "rpc": "UpdateDocument",
        "request": {"document": document("s/2", {"b": 2}), "currentDocument": {"exists": True}},
    },
    {
        "name": "u3",
        "rpc": "UpdateDocument",
        "request": {"document": document("s/2", {"b": 2}), "mask": {"fieldPaths": ["zz"]}},
    },
    {"name": "l1", "rpc": "ListDocuments", "request": {"parent": ROOT, "collectionId": "s"}},
    {"name": "l2", "rpc": "ListDocuments", "request": {"parent": ROOT, "collectionId": "s", "pageSize": 1}},
    {
        "name": "l3",
        "rpc": "ListDocuments",
        "request": {"parent": ROOT, "collectionId": "s", "mask": {"fieldPaths": ["b"]}},
    },
    {"name": "d1", "rpc": "DeleteDocument", "request": {"name": f"{ROOT}/s/1"}},
    {"name": "d2", "rpc": "DeleteDocument", "request": {"name": f"{ROOT}/s/1"}},
    {
        "name": "d3",
        "rpc": "DeleteDocument",
        "request": {"name": f"{ROOT}/s/1", "currentDocument": {"exists": True}},
    },
    {"name": "d4", "rpc": "DeleteDocument", "request": {"name": f"{ROOT}/s/2"}},
    {
        "name": "b1",
        "rpc": "BatchWrite",
        "request": {
            "database": DATABASE,
            "writes": [put("s/3", {"a": 1}), put("s/3x", {"a": 1}, **exists(True)), delete("s/none")],
        },
    },
    get("r1", "s/3", "s/3x"),
    commit("c1", put("s/3/inner/1", {}), put("s/4/deeper/1", {}), put("s/3/a/1", {})),
    {"name": "i1", "rpc": "ListCollectionIds", "request": {"parent": f"{ROOT}/s/3"}},
]

READ_WRITE = {"options": {"readWrite": {}}}


def begin(name: str) -> Call:
    return {"name": name, "rpc": "BeginTransaction", "request": {"database": DATABASE, **READ_WRITE}}


TRANSACTIONS: list[Call] = [
    commit("c1", put("x/1", {"n": 1})),
    begin("t1"),
    get("r1", "x/1", transaction="{{t1}}"),
    commit("c2", put("x/1", {"n": 2}), transaction="{{t1}}"),
    get("r2", "x/1"),
    commit("e1", put("x/1", {"n": 3}), transaction="{{t1}}"),  # it is over
    begin("t2"),
    get("r3", "x/1", "x/2", transaction="{{t2}}"),
    {"name": "k2", "rpc": "Rollback", "request": {"database": DATABASE, "transaction": "{{t2}}"}},
    commit("e2", put("x/1", {"n": 4}), transaction="{{t2}}"),
    begin("t3"),
    commit("c3", transaction="{{t3}}"),
    get("r4", "x/1"),
    {
        "name": "r5",
        "rpc": "BatchGetDocuments",
        "request": {"database": DATABASE, "documents": [f"{ROOT}/x/1"], "newTransaction": {"readOnly": {}}},
    },
]


def _deep(levels: int) -> Any:
    plain: Any = 1
    for _ in range(levels):
        plain = {"d": plain}
    return plain


REFUSALS: list[Call] = [
    commit("e1", put("l/1", {"__a__": 1})),
    commit("e2", put("l/1", {"": 1})),
    commit("e3", put("l/1", {"a": [[1]]})),
    commit("e4", put("l/__x__", {"a": 1})),
    commit("e5", put("l/1", {"big": "{{1048500*x}}"})),
    commit("e6", put("l", {"a": 1})),
    commit("e7", patch("l/1", {"a": 1}, ["a..b"])),
    commit("e8", put("l/1", {"{{1501*n}}": 1})),
    commit("e9", put("l/1/", {})),
    commit("e10", put("l/1", {"m": {"__b__": 1}})),
    commit("e11", put("l/..", {"a": 1})),
    commit("e12", {}),
    commit("e13", transaction="AAAA"),
    commit("e14", put("l/two", {"a": "{{600000*x}}", "b": "{{600000*x}}"})),
    commit("c1", put("l/edge", {"a": "{{524000*x}}", "b": "{{524000*x}}"})),
    commit("c2", put("l/grow", {"a": "{{600000*x}}"})),
    commit("e15", patch("l/grow", {"b": "{{600000*x}}"}, ["b"])),
    commit("e16", put("l/1", {"big": {"bytesValue": "{{1398136*A}}"}})),
    commit("c3", put("l/deep", {"x": _deep(20)})),
    commit("e17", put("l/deep", {"x": _deep(21)})),
    get("r1", "l"),
    get("r2", "l/1", transaction="AAAA"),
    query("q1", "l", **order("n"), startAt=cursor(True, 1, 2, 3)),
    query("q2", "l", limit=-1),
    query("q3", "l", **where("a", "IN", [])),
    query("q4", "l", **where("__name__", "EQUAL", "text")),
]

CALLS: dict[str, list[Call]] = {
    "writes": WRITES,
    "conditions": CONDITIONS,
    "transforms": TRANSFORMS,
    "queries": QUERIES,
    "single": SINGLE,
    "transactions": TRANSACTIONS,
    "refusals": REFUSALS,
}
