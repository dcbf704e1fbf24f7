"""External functions (DMN 10.3.2.13.3): static Java methods by name, from a list of pure ones written here.

No Java runs and nothing is looked up outside the table: `java.lang.Math`, the wrappers of numbers, `String` and
`BigDecimal` as far as their static methods have no side effects. Arguments and results are converted as the
standard's table of mappings has it; what cannot be converted, or what would throw in Java, is null.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from procession.feel.evaluation import Null, check_text
from procession.feel.printing import to_text
from procession.feel.values import MATH, WIDE, Function, type_name

Convert = Callable[[Any], Any]
_SIGNATURE = re.compile(r"\s*(\w{1,60})\s*\(([^()]{0,500})\)\s*")
_FORMAT = re.compile(r"%(?:([-+0,( ]*)([0-9]{0,3})(?:\.([0-9]{1,2}))?([sSdfeExXobcB])|([n%]))")
_BITS = {"byte": 8, "short": 16, "int": 32, "long": 64}


def _number(value: Any) -> Decimal:
    if not isinstance(value, Decimal):
        raise Null(f"a number is needed, not {type_name(value)}")
    return value


def _whole(kind: str) -> Convert:
    most = 1 << (_BITS[kind] - 1)

    def convert(value: Any) -> int:
        number = _number(value)
        if number.adjusted() > 20 or number != number.to_integral_value() or not -most <= number < most:
            raise Null(f"{to_text(number)[:40]} is no {kind}")
        return int(number)

    return convert


def _float32(value: float) -> float:
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        raise Null("the number is out of a float's range") from None
    # The shortest text that gives the same float is what Java shows, and what a person wrote.
    return next(
        (
            short
            for digits in range(1, 9)
            if struct.pack("f", short := float(f"{single:.{digits}g}")) == struct.pack("f", single)
        ),
        float(f"{single:.9g}"),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Null(f"a string is needed, not {type_name(value)}")
    return value


def _char(value: Any) -> str:
    if len(text := _text(value)) != 1:
        raise Null("a char is a string of one character")
    return text


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Null(f"a boolean is needed, not {type_name(value)}")
    return value


def _anything(value: Any) -> Any:
    return value


_ARGUMENTS: dict[str, Convert] = {
    "double": lambda value: float(_number(value)),
    "float": lambda value: _float32(float(_number(value))),
    **{kind: _whole(kind) for kind in _BITS},
    "char": _char,
    "boolean": _truth,
    "java.lang.String": _text,
    "java.lang.CharSequence": _text,
    "java.lang.Object": _anything,
    "[Ljava.lang.Object;": _anything,
    "[Ljava.lang.CharSequence;": _text,
    "java.math.BigDecimal": _number,
}
_BOXES = {
    "java.lang.Double": "double",
    "java.lang.Float": "float",
    "java.lang.Integer": "int",
    "java.lang.Long": "long",
    "java.lang.Short": "short",
    "java.lang.Byte": "byte",
    "java.lang.Boolean": "boolean",
    "java.lang.Character": "char",
    "String": "java.lang.String",
    "Object": "java.lang.Object",
    "java.lang.Object...": "[Ljava.lang.Object;",
    "java.lang.Object[]": "[Ljava.lang.Object;",
    "Object...": "[Ljava.lang.Object;",
    "Object[]": "[Ljava.lang.Object;",
    "java.lang.CharSequence...": "[Ljava.lang.CharSequence;",
    "java.lang.CharSequence[]": "[Ljava.lang.CharSequence;",
}


def _result(value: Any) -> Any:
    """As a FEEL value; a number that is none (NaN, infinite) is null (DMN 10.3.2.3.1)."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    number = MATH.create_decimal(value if isinstance(value, int | Decimal) else repr(float(value)).removesuffix(".0"))
    if not number.is_finite():
        raise Null("the method gives no number")
    return number


# --- methods ---------------------------------------------------------------------------------------------------------


def _half_up(value: float) -> int:
    return math.floor(value + 0.5)


def _fits(value: int, kind: str) -> int:
    """Java's arithmetic on whole numbers wraps around."""
    size = 1 << _BITS[kind]
    return (value + size // 2) % size - size // 2


def _divided(left: int, right: int) -> int:
    if not right:
        raise Null("division by zero")
    return left // right


def _remainder(left: int, right: int) -> int:
    if not right:
        raise Null("division by zero")
    return left % right


def _shown(value: Any) -> str:
    """A primitive as Java's `valueOf` and `toString` write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float) or not value or 1e-3 <= abs(value) < 1e7:
        return str(value)
    digits, exponent = f"{Decimal(repr(value)):e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _parsed(kind: str) -> Callable[..., int]:
    def parse(text: str, radix: int = 10) -> int:
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:radix]
        if not 2 <= radix <= 36 or not re.fullmatch(f"[+-]?[{digits}]{{1,64}}", text.lower()):
            raise Null(f"'{text[:40]}' is no {kind}")
        return int(_whole(kind)(Decimal(int(text, radix))))

    return parse


def _parsed_float(text: str) -> float:
    if not re.fullmatch(r"\s*[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})([eE][+-]?[0-9]{1,5})?[fFdD]?\s*", text):
        raise Null(f"'{text[:40]}' is no number")
    return float(text.strip().rstrip("fFdD"))


def _formatted(template: str, *values: Any) -> str:
    """`String.format` for strings, booleans, numbers and characters."""
    left = list(values)

    def replaced(found: re.Match[str]) -> str:
        flags, width, precision, kind, fixed = found.groups()
        if fixed:
            return "%" if fixed == "%" else "\n"
        if not left:
            raise Null("the format wants more arguments")
        text = _one(left.pop(0), kind, flags, precision)
        size = int(width or 0)
        if "-" in flags:
            return text.ljust(size)
        return _padded(text, size) if "0" in flags else text.rjust(size)

    if "%" in _FORMAT.sub("", template):
        raise Null("the format is not one that is provided here")
    check_text(len(template))
    text = _FORMAT.sub(replaced, template)
    check_text(len(text))
    return text


def _padded(text: str, size: int) -> str:
    sign = text[:1] if text[:1] in "+-" else ""
    return sign + text[len(sign) :].rjust(size - len(sign), "0")


def _one(value: Any, kind: str, flags: str, precision: str | None) -> str:
    if kind in "sS":
        text = to_text(value)[: int(precision) if precision else None]
        return text.upper() if kind == "S" else text
    if kind in "bB":
        return str(value if isinstance(value, bool) else value is not None).lower()
    if kind == "c":
        return _char(value)
    number = _number(value)
    if kind in "dxXo":
        return format(_whole("long")(number), ("+" if "+" in flags else "") + ("," if "," in flags else "") + kind)
    places = int(precision) if precision else 6
    if kind == "f":
        number = number.quantize(Decimal((0, (1,), -places)), ROUND_HALF_UP, WIDE)
    return format(number, f"{'+' if '+' in flags else ''}{',' if ',' in flags else ''}.{places}{kind}")


def _joined(separator: str, *parts: str) -> str:
    check_text(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


_MATH = "java.lang.Math"
_OF_DOUBLE: dict[str, Callable[..., Any]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "ceil": math.ceil,
    "floor": math.floor,
    "rint": round,
    "round": _half_up,
    "toDegrees": math.degrees,
    "toRadians": math.radians,
    "signum": lambda value: math.copysign(1.0, value) if value else value,
}
_METHODS: dict[str, Callable[..., Any]] = {
    **{f"{_MATH}.{name}(double)": body for name, body in _OF_DOUBLE.items()},
    f"{_MATH}.round(float)": _half_up,
    f"{_MATH}.pow(double,double)": math.pow,
    f"{_MATH}.atan2(double,double)": math.atan2,
    f"{_MATH}.hypot(double,double)": math.hypot,
    **{f"{_MATH}.abs({kind})": abs for kind in ("double", "float", "int", "long")},
    **{f"{_MATH}.max({kind},{kind})": max for kind in ("double", "float", "int", "long")},
    **{f"{_MATH}.min({kind},{kind})": min for kind in ("double", "float", "int", "long")},
    **{f"{_MATH}.floorDiv({kind},{kind})": _divided for kind in ("int", "long")},
    **{f"{_MATH}.floorMod({kind},{kind})": _remainder for kind in ("int", "long")},
    **{f"java.lang.String.valueOf({kind})": _shown for kind in ("char", "boolean", "int", "long", "float", "double")},
    "java.lang.String.valueOf(java.lang.Object)": to_text,
    "java.lang.String.format(java.lang.String,[Ljava.lang.Object;)": _formatted,
    "java.lang.String.join(java.lang.CharSequence,[Ljava.lang.CharSequence;)": _joined,
    "java.lang.Boolean.valueOf(java.lang.String)": lambda text: text.lower() == "true",
    "java.lang.Boolean.parseBoolean(java.lang.String)": lambda text: text.lower() == "true",
    "java.lang.Character.isDigit(char)": str.isdecimal,
    "java.lang.Character.isLetter(char)": str.isalpha,
    "java.lang.Character.isUpperCase(char)": str.isupper,
    "java.lang.Character.isLowerCase(char)": str.islower,
    "java.lang.Character.toUpperCase(char)": str.upper,
    "java.lang.Character.toLowerCase(char)": str.lower,
    "java.math.BigDecimal.valueOf(double)": float,
    "java.math.BigDecimal.valueOf(long)": int,
}
for _owner, _kind, _parse in (
    ("Byte", "byte", _parsed("byte")),
    ("Short", "short", _parsed("short")),
    ("Integer", "int", _parsed("int")),
    ("Long", "long", _parsed("long")),
    ("Float", "float", lambda text: _float32(_parsed_float(text))),
    ("Double", "double", _parsed_float),
):
    _class = f"java.lang.{_owner}"
    _METHODS[f"{_class}.valueOf({_kind})"] = lambda value: value
    _METHODS[f"{_class}.toString({_kind})"] = _shown
    _METHODS[f"{_class}.compare({_kind},{_kind})"] = lambda left, right: (left > right) - (left < right)
    for _method in ("valueOf", f"parse{'Int' if _owner == 'Integer' else _owner}"):
        _METHODS[f"{_class}.{_method}(java.lang.String)"] = _parse
        if _owner not in ("Float", "Double"):
            _METHODS[f"{_class}.{_method}(java.lang.String,int)"] = _parse
    if _owner not in ("Byte", "Short"):
        _METHODS[f"{_class}.max({_kind},{_kind})"] = max
        _METHODS[f"{_class}.min({_kind},{_kind})"] = min
for _owner, _kind in (("Integer", "int"), ("Long", "long")):
    _METHODS[f"java.lang.{_owner}.sum({_kind},{_kind})"] = lambda left, right, kind=_kind: _fits(left + right, kind)
    _METHODS[f"java.lang.{_owner}.signum({_kind})"] = lambda value: (value > 0) - (value < 0)
for _owner, _kind in (("Float", "float"), ("Double", "double")):
    _METHODS[f"java.lang.{_owner}.sum({_kind},{_kind})"] = lambda left, right: left + right

KNOWN = frozenset(_METHODS)
"""What can be called, as `class.method(types)`."""


def function_of(mapping: Any, parameters: tuple[str, ...]) -> Function:
    """The function that a mapping names: `{class: …, method signature: …}`. Raises Null for one that is not provided."""
    mapping = mapping if isinstance(mapping, dict) else {}
    owner, signature = mapping.get("class"), mapping.get("method signature")
    found = _SIGNATURE.fullmatch(signature) if isinstance(signature, str) and isinstance(owner, str) else None
    if found is None:
        raise Null("a Java function is given by its 'class' and its 'method signature'")
    types = [_BOXES.get(kind, kind) for part in found[2].split(",") if (kind := part.strip())]
    name = f"{owner}.{found[1]}({','.join(types)})"
    body = _METHODS.get(name)
    if body is None:
        raise Null(f"the Java method {name[:200]} is not one of those provided")
    converters = [_ARGUMENTS[kind] for kind in types]
    many = bool(types) and types[-1].startswith("[")

    def invoke(evaluation: Any, arguments: Sequence[Any]) -> Any:
        if len(arguments) < len(types) - many or (len(arguments) > len(types) and not many):
            raise Null(f"{name} takes {len(types)} arguments, not {len(arguments)}")
        values = [converters[min(place, len(converters) - 1)](value) for place, value in enumerate(arguments)]
        evaluation.spend(1)
        try:
            return _result(body(*values))
        except (ArithmeticError, ValueError) as failure:
            raise Null(f"{name}: {failure}") from None

    return Function(parameters, invoke, name)
