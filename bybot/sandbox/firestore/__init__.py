"""An honest small Firestore: the wire protocol over gRPC, documents in memory, faults on purpose."""

from bybot.sandbox.firestore.faults import Fault, FirestoreFaults
from bybot.sandbox.firestore.server import FirestoreServer

__all__ = ["Fault", "FirestoreFaults", "FirestoreServer"]
