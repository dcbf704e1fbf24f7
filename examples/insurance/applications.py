"""The applications that the demonstration submits, what people do with them, and how each has to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CompleteTask:
    """Somebody completes the user task `task` with `variables`."""

    task: str
    variables: dict[str, Any]
    said: str


@dataclass(frozen=True)
class SendDocuments:
    """The applicant's documents arrive: the message `documents-received`, correlated by business key."""

    documents: str
    said: str


@dataclass(frozen=True)
class LetTimePass:
    """The timer at `activity` fires now: nobody waits days for a demonstration."""

    activity: str
    said: str


Step = CompleteTask | SendDocuments | LetTimePass


@dataclass(frozen=True)
class Application:
    """`end` is the end event that it has to reach; `decision` what the variable of that name then says."""

    applicant: str
    facts: dict[str, Any]
    risk_group: str | None
    end: str
    decision: str
    steps: tuple[Step, ...] = ()


def _car(age: int, make: str, model: str, region: str, **more: Any) -> dict[str, Any]:
    return {"age": age, "vehicleMake": make, "vehicleModel": model, "region": region, **more}


def _review(decision: str, said: str, **more: Any) -> CompleteTask:
    return CompleteTask("ReviewApplication", {"reviewDecision": decision, **more}, said)


def _decide(approved: bool, said: str, **more: Any) -> CompleteTask:
    return CompleteTask("DecideRedApplication", {"approved": approved, **more}, said)


ACCEPTED = ("PolicyIssued", "accepted")
REJECTED = ("ApplicationRejected", "rejected")
ASK_FOR_LICENCE = _review("documents", "underwriter asks for documents", requestedDocuments="driving licence")

APPLICATIONS: tuple[Application, ...] = (
    Application("Grace Green", _car(41, "Toyota", "Corolla", "Wales"), "green", *ACCEPTED),
    Application("Henry Hill", _car(35, "Ford", "Focus", "South East"), "green", *ACCEPTED),
    Application(
        "Yasmin Young",
        _car(22, "Ford", "Fiesta", "Wales"),
        "yellow",
        *ACCEPTED,
        steps=(
            LetTimePass("ReviewOverdue", "two days pass, underwriters are reminded"),
            _review("accept", "underwriter accepts"),
        ),
    ),
    Application(
        "Yuri Yates",
        _car(52, "Porsche", "911", "Scotland"),
        "yellow",
        *REJECTED,
        steps=(_review("reject", "underwriter rejects", rejectionReason="three claims last year"),),
    ),
    Application(
        "John Doe",
        {},
        "yellow",
        *ACCEPTED,
        steps=(
            ASK_FOR_LICENCE,
            SendDocuments("driving licence, vehicle papers", "documents arrive and are valid"),
            _review("accept", "underwriter accepts"),
        ),
    ),
    Application(
        "Ines Ink",
        _car(30, "Ford", "Focus", "London"),
        "yellow",
        *REJECTED,
        steps=(ASK_FOR_LICENCE, SendDocuments("unreadable scan", "documents arrive, nobody can read them")),
    ),
    Application(
        "Dario Delay",
        _car(44, "Ford", "Galaxy", "London", documentTimeout="PT5S"),
        "yellow",
        *REJECTED,
        steps=(ASK_FOR_LICENCE,),  # and then nothing comes: the timer of five seconds ends it
    ),
    Application(
        "Ronan Rich",
        _car(48, "Ferrari", "Roma", "London"),
        "red",
        *ACCEPTED,
        steps=(_decide(True, "senior underwriter accepts"),),
    ),
    Application(
        "Rita Racer",
        _car(19, "Porsche", "911", "Wales"),
        "red",
        *REJECTED,
        steps=(_decide(False, "senior underwriter rejects", rejectionReason="too fast, too young"),),
    ),
    Application(
        "Walter Wait",
        _car(84, "Vauxhall", "Astra", "North West"),
        "red",
        *REJECTED,
        steps=(LetTimePass("DecisionOverdue", "a week passes without a decision"),),
    ),
    Application("Minnie Minor", _car(15, "Ford", "Ka", "Wales"), None, "ApplicationReturned", "returned"),
)
