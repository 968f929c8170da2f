"""Short ways to write Firestore's requests as JSON."""

from __future__ import annotations

from typing import Any

DATABASE = "projects/p/databases/(default)"
ROOT = f"{DATABASE}/documents"

Call = dict[str, Any]


def value(plain: Any) -> dict[str, Any]:
    """A Firestore value in JSON."""
    if plain is None:
        return {"nullValue": None}
    if isinstance(plain, bool):
        return {"booleanValue": plain}
    if isinstance(plain, int):
        return {"integerValue": str(plain)}
    if isinstance(plain, float):
        return {"doubleValue": plain}
    if isinstance(plain, list):
        return {"arrayValue": {"values": [value(item) for item in plain]}}
    if isinstance(plain, dict):
        return (
            plain
            if len(plain) == 1 and next(iter(plain)).endswith("Value")
            else {"mapValue": {"fields": fields(plain)}}
        )
    return {"stringValue": plain}


def fields(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: value(item) for name, item in plain.items()}


def document(path: str, plain: dict[str, Any]) -> dict[str, Any]:
    return {"name": f"{ROOT}/{path}", "fields": fields(plain)}


def put(path: str, plain: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"update": document(path, plain), **more}


def patch(path: str, plain: dict[str, Any], mask: list[str], **more: Any) -> dict[str, Any]:
    return {"update": document(path, plain), "updateMask": {"fieldPaths": mask}, **more}


def delete(path: str, **more: Any) -> dict[str, Any]:
    return {"delete": f"{ROOT}/{path}", **more}


def exists(wanted: bool) -> dict[str, Any]:
    return {"currentDocument": {"exists": wanted}}


def at(token: str) -> dict[str, Any]:
    return {"currentDocument": {"updateTime": f"{{{{{token}}}}}"}}


def transform(*transforms: dict[str, Any]) -> dict[str, Any]:
    return {"updateTransforms": list(transforms)}


def commit(name: str, *writes: dict[str, Any], **more: Any) -> Call:
    return {"name": name, "rpc": "Commit", "request": {"database": DATABASE, "writes": list(writes), **more}}


def get(name: str, *paths: str, **more: Any) -> Call:
    names = [f"{ROOT}/{path}" for path in paths]
    return {"name": name, "rpc": "BatchGetDocuments", "request": {"database": DATABASE, "documents": names, **more}}


def query(name: str, collection: str, parent: str = "", **structured: Any) -> Call:
    body = {"from": [{"collectionId": collection}], **structured}
    return {"name": name, "rpc": "RunQuery", "request": {"parent": ROOT + parent, "structuredQuery": body}}


def where(field: str, operator: str, operand: Any) -> dict[str, Any]:
    return {"where": {"fieldFilter": {"field": {"fieldPath": field}, "op": operator, "value": value(operand)}}}


def unary(field: str, operator: str) -> dict[str, Any]:
    return {"where": {"unaryFilter": {"field": {"fieldPath": field}, "op": operator}}}


def both(operator: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"where": {"compositeFilter": {"op": operator, "filters": [one["where"] for one in filters]}}}


def order(*names: str) -> dict[str, Any]:
    directions = [("DESCENDING" if name.startswith("-") else "ASCENDING", name.removeprefix("-")) for name in names]
    return {"orderBy": [{"field": {"fieldPath": name}, "direction": direction} for direction, name in directions]}


def cursor(before: bool, *values: Any) -> dict[str, Any]:
    return {"before": before, "values": [value(item) for item in values]}


def reference(path: str) -> dict[str, Any]:
    return {"referenceValue": f"{ROOT}/{path}"}
