"""How the server refuses: a gRPC status and Google's words."""

from __future__ import annotations

import grpc


class Refusal(Exception):
    """Ends a call with a status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def invalid(details: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, details)


def already_exists(path: str, project: str) -> Refusal:
    details = f"entity already exists: EntityRef{{partitionRef=dev~{project}, path=/{path}}}"
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, details)


def not_found(path: str, project: str) -> Refusal:
    parts = path.split("/")
    elements = "".join(
        f'  Element {{\n    type: "{kind}"\n    name: "{name}"\n  }}\n'
        for kind, name in zip(parts[::2], parts[1::2], strict=True)
    )
    return Refusal(grpc.StatusCode.NOT_FOUND, f'no entity to update: app: "dev~{project}"\npath <\n{elements}>\n')


def wrong_version(stored: int, required: int) -> Refusal:
    details = f"the stored version ({stored}) does not match the required base version ({required})"
    return Refusal(grpc.StatusCode.FAILED_PRECONDITION, details)


def contention() -> Refusal:
    details = "Aborted due to cross-transaction contention. Another write changed what this transaction has read."
    return Refusal(grpc.StatusCode.ABORTED, details)
