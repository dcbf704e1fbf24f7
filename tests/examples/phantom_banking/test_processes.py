"""The five models on the engine, without Django: every path, with its errors and timers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from tests.engine.looking import later, lease, nodes, rows, task, values
from tests.examples.phantom_banking.project import HOME


class Walk:
    """One instance and what happens to it."""

    def __init__(self, engine: Engine, process: str, **variables: Any) -> None:
        self.engine = engine
        self.instance = engine.start_process(process, variables, business_key="key").instance

    def done(self, topic: str, **variables: Any) -> Walk:
        (key,) = lease(self.engine, topic)
        self.engine.submit(c.CompleteExternal(key, "w", values(**variables)))
        return self

    def error(self, topic: str, code: str) -> Walk:
        (key,) = lease(self.engine, topic)
        self.engine.submit(c.ThrowError(code, "why", external=key, worker="w"))
        return self

    def user(self, node: str, **variables: Any) -> Walk:
        self.engine.complete_task(task(self.engine, node, self.instance), variables)
        return self

    def later(self, **amount: float) -> Walk:
        later(self.engine, **amount)
        return self

    def message(self, name: str) -> Walk:
        self.engine.submit(ec.CorrelateMessage(name, business_key="key"))
        return self

    @property
    def at(self) -> list[str]:
        """Where it waits; after its end, the end events it reached."""
        waiting = nodes(self.engine, self.instance)
        ends = "SELECT node FROM history_activity WHERE instance = ? AND type = 'noneEndEvent' ORDER BY key"
        return waiting or [node for (node,) in rows(self.engine, ends, self.instance)]


@pytest.fixture(scope="module")
def bank() -> Iterator[Engine]:
    with open_engine("sqlite://") as engine:
        engine.deploy(*((path.name, path.read_bytes()) for path in HOME.glob("*/processes/*.bpmn")))
        yield engine
        engine.clock.reset()


@pytest.mark.seed(5, 36, 126)
def test_wallet_creation(bank: Engine) -> None:
    def asked(**result: Any) -> Walk:
        return Walk(bank, "wallet-creation", request="r").done("validate-wallet-request", **result)

    assert asked(valid=True).done("create-wallet").done("notify-wallet-creation").at == ["Success"]
    assert asked(valid=False).at == ["Failed"]
    assert asked(valid=True).error("create-wallet", "WALLET_REFUSED").at == ["Failed"]
    assert asked(valid=True).done("create-wallet").later(days=1).at == ["SuccessQuiet"]


@pytest.mark.seed(5, 120)
def test_a_slow_validation_is_looked_into_and_goes_on(bank: Engine) -> None:
    walk = Walk(bank, "wallet-creation", request="r").later(minutes=30)
    assert walk.at == ["Delay", "Validate"]
    assert walk.done("validate-wallet-request", valid=False).user("Delay").at == ["Failed", "DelaySeen"]


@pytest.mark.seed(5, 56)
def test_kyc_validation(bank: Engine) -> None:
    def asked(status: str) -> Walk:
        return Walk(bank, "kyc-validation", case=1, decision=None).done("validate-kyc-data", kycStatus=status)

    assert asked("verified").at == ["Verified"]
    assert asked("rejected").at == ["Rejected"]
    reviewed = asked("review").later(days=3)
    assert reviewed.at == ["Escalate", "Review"]
    reviewed.user("Review", decision="verified").done("validate-kyc-data", kycStatus="verified")
    assert reviewed.user("Escalate").at == ["Verified", "Escalated"]


@pytest.mark.seed(5, 102)
def test_missing_kyc_data_are_asked_for(bank: Engine) -> None:
    def incomplete() -> Walk:
        return Walk(bank, "kyc-validation", case=1, decision=None).error("validate-kyc-data", "KYC_INCOMPLETE")

    assert incomplete().user("Complete").done("validate-kyc-data", kycStatus="verified").at == ["Verified"]
    assert incomplete().later(days=14).at == ["Abandoned"]


@pytest.mark.seed(5, 61)
def test_merchant_approval(bank: Engine) -> None:
    def asked(automatic: bool) -> Walk:
        return Walk(bank, "merchant-approval", merchant=1, automatic=automatic, decision=None)

    topic = "process-merchant-approval"
    assert asked(True).done(topic, merchantStatus="approved").at == ["Yes"]
    assert asked(False).user("Decide", decision="rejected").done(topic, merchantStatus="rejected").at == ["No"]
    assert asked(True).error(topic, "OWNER_NOT_VERIFIED").at == ["Unverified"]
    assert asked(False).later(days=5).at == ["Decide", "Remind"]


@pytest.mark.seed(5, 66)
def test_suspicious_activity(bank: Engine) -> None:
    def asked() -> Walk:
        return Walk(bank, "suspicious-activity", alert=1, outcome=None)

    topic = "handle-suspicious-activity"
    assert asked().done(topic, severity="low").at == ["Logged"]
    investigated = asked().done(topic, severity="high")
    assert investigated.at == ["Investigate"]
    assert investigated.user("Investigate", outcome="cleared").done(topic, severity="high").at == ["Logged"]
    assert asked().done(topic, severity="high").later(days=1).at == ["Escalate", "Investigate"]
    assert asked().error(topic, "ACCOUNT_GONE").at == ["Gone"]
    contained = asked().later(minutes=15)
    assert contained.at == ["Contain", "Handle"]
    contained.done(topic, severity="low").user("Contain")


@pytest.mark.seed(5, 71)
def test_email_verification(bank: Engine) -> None:
    topic = "process-email-verification"
    walk = Walk(bank, "email-verification", verification=1, attempt=0).done(topic, attempt=1)
    assert walk.at == ["Wait"]
    assert walk.later(days=1).at == ["Send"]
    assert walk.done(topic, attempt=2).message("email-verified").at == ["Verified"]
    expired = Walk(bank, "email-verification", verification=1, attempt=0)
    for attempt in (1, 2, 3):
        expired.done(topic, attempt=attempt).later(days=1)
    assert expired.at == ["Expired"]
    assert Walk(bank, "email-verification", verification=1, attempt=0).error(topic, "EMAIL_UNDELIVERABLE").at == [
        "Failed"
    ]
