from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from camunda_client.worker import Complete, Fail, HandlerSignatureError, TaskFailure, Variable
from camunda_client.worker.handlers import outcome_of, read_handler
from tests.camunda_client.scripted_source import MemoryJob


class Order(BaseModel):
    order_id: int = Field(alias="orderId")
    total: Decimal = Decimal(0)


@dataclass
class Car:
    make: str
    year: int = 2000


class Person(TypedDict):
    name: str


@dataclass
class Opaque:
    text: str


def call(function: Any, **variables: Any) -> Any:
    handler = read_handler("topic", function, MemoryJob, (Opaque,))
    positional, named = handler.bind(MemoryJob("a", variables=variables))
    return handler.function(*positional, **named)


def reads(function: Any) -> tuple[str, ...] | None:
    return read_handler("topic", function, MemoryJob, (Opaque,)).reads


def untyped(task):  # type: ignore[no-untyped-def]
    return task.id


def by_type(age: int, job: MemoryJob) -> Any:
    return job.id, age


def by_name(age: int, region: str = "north", *, price: Decimal = Decimal(1)) -> Any:
    return age, region, price


def a_model(order: Order) -> Any:
    return order


def a_dataclass(car: Car) -> Any:
    return car


def a_dict(person: Person) -> Any:
    return person


def one_variable(order: Annotated[Order, Variable()], car: Annotated[Car | None, Variable("theCar")] = None) -> Any:
    return order, car


def the_rest(age: int, **rest: Any) -> Any:
    return age, rest


def a_value(document: Opaque) -> Any:
    return document


def not_checked(anything: Any, task: MemoryJob) -> Any:
    return anything


@pytest.mark.parametrize(
    ("function", "variables", "result"),
    [
        (untyped, {}, "a"),
        (by_type, {"age": "7"}, ("a", 7)),
        (by_name, {"age": 7}, (7, "north", Decimal(1))),
        (by_name, {"age": 7, "region": "south", "price": 1.1, "other": 1}, (7, "south", Decimal("1.1"))),
        (a_model, {"orderId": 1, "total": 9.99, "other": 1}, Order(orderId=1, total=Decimal("9.99"))),
        (a_dataclass, {"make": "VW", "other": 1}, Car("VW")),
        (a_dict, {"name": "Ann"}, {"name": "Ann"}),
        (one_variable, {"order": {"orderId": 1}}, (Order(orderId=1), None)),
        (one_variable, {"order": {"orderId": 1}, "theCar": {"make": "VW"}}, (Order(orderId=1), Car("VW"))),
        (the_rest, {"age": 7, "x": 1}, (7, {"x": 1})),
        (a_value, {"document": Opaque("x")}, Opaque("x")),
        (not_checked, {"anything": [1]}, [1]),
    ],
)
def test_arguments(function: Any, variables: dict[str, Any], result: Any) -> None:
    assert call(function, **variables) == result


@pytest.mark.parametrize(
    ("function", "variables", "fault"),
    [
        (by_name, {}, "Variable 'age' is missing"),
        (by_name, {"age": "old"}, "Variable 'age' does not fit: .*valid integer"),
        (a_model, {"total": 1}, "orderId: Field required"),
        (a_dataclass, {"make": "VW", "year": "x"}, "year: .*valid integer"),
    ],
)
def test_variables_that_do_not_fit(function: Any, variables: dict[str, Any], fault: str) -> None:
    with pytest.raises(TaskFailure, match=fault) as caught:
        call(function, **variables)
    assert caught.value.retries == 0


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (untyped, None),
        (by_type, None),
        (the_rest, None),
        (by_name, ("age", "region", "price")),
        (a_model, ("orderId", "total")),
        (a_dataclass, ("make", "year")),
        (one_variable, ("order", "theCar")),
    ],
)
def test_which_variables_are_needed(function: Any, names: tuple[str, ...] | None) -> None:
    assert reads(function) == names


def test_callable_objects_and_methods() -> None:
    class Service:
        def work(self, age: int) -> int:
            return age

        def __call__(self, age: int) -> int:
            return age

        async def later(self, age: int) -> int:
            return age

    assert call(Service().work, age="3") == 3
    assert call(Service(), age="3") == 3
    assert read_handler("t", Service().later, MemoryJob).is_async


def test_signatures_that_make_no_sense() -> None:
    def several(*tasks: Any) -> None: ...

    class Local: ...

    def local(x: Local) -> None: ...

    def strange(x: threading_lock) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(HandlerSignatureError, match="has no meaning"):
        read_handler("t", several, MemoryJob)
    with pytest.raises(HandlerSignatureError, match="importable"):
        read_handler("t", local, MemoryJob)
    with pytest.raises(HandlerSignatureError, match="threading_lock"):
        read_handler("t", strange, MemoryJob)


def test_results() -> None:
    assert outcome_of(None) == Complete()
    assert outcome_of({"a": 1}) == Complete({"a": 1})
    assert outcome_of(Car("VW")) == Complete(Car("VW"))
    assert outcome_of(Fail("x")) == Fail("x")
    with pytest.raises(TaskFailure, match="returned int"):
        outcome_of(5)
