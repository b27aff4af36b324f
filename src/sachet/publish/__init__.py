"""Publishing: a FHIR client, and what would change on a server, changing it, and putting it back.

From Python::

    from sachet.publish import Basic, Connection, plan, push

    server = Connection("https://fhir.example.org/r4", credentials=Basic("me", password))
    print(plan(["dist/sachet.seeds.r4.tgz"], server).changes)
    receipt = push(["dist/sachet.seeds.r4.tgz"], server, Path("receipt.json"))
"""

from sachet.publish.auth import BackendServices, Basic, Bearer, Credentials
from sachet.publish.connection import Connection, Patience, Trust
from sachet.publish.errors import PublishError, RefusedError, UnavailableError
from sachet.publish.plan import Action, Plan, Step, Strategy
from sachet.publish.receipt import Receipt
from sachet.publish.verbs import plan, push, roll_back

__all__ = [
    "Action",
    "BackendServices",
    "Basic",
    "Bearer",
    "Connection",
    "Credentials",
    "Patience",
    "Plan",
    "PublishError",
    "Receipt",
    "RefusedError",
    "Step",
    "Strategy",
    "Trust",
    "UnavailableError",
    "plan",
    "push",
    "roll_back",
]
