"""Which addresses may be called: those of the public internet, and what is named besides."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from procession.engine.targets import Allowed, named


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_public_addresses(address: str) -> None:
    assert Allowed().permits("example.org", ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::",
    ],
)  # fmt: skip
def test_addresses_that_are_near(address: str) -> None:
    assert not Allowed().permits("example.org", ip_address(address))


@pytest.mark.parametrize(
    ("text", "host", "address", "allowed"),
    [
        ("10.1.0.0/16", "h", "10.1.2.3", True),
        ("10.1.0.0/16", "h", "10.2.2.3", False),
        ("10.1.0.0/16", "h", "::ffff:10.1.2.3", True),
        ("fd00::/8", "h", "fd00::1", True),
        ("fd00::/8", "h", "10.0.0.1", False),
        ("127.0.0.1", "h", "127.0.0.1", True),
        ("127.0.0.1", "h", "127.0.0.2", False),
        ("billing.internal", "Billing.internal.", "10.0.0.1", True),
        ("billing.internal", "other.internal", "10.0.0.1", False),
        ("x.test, 10.0.0.0/8", "h", "10.0.0.1", True),
        ("*", "h", "127.0.0.1", True),
        ("", "h", "127.0.0.1", False),
    ],
)
def test_what_a_setting_allows(text: str, host: str, address: str, allowed: bool) -> None:
    assert Allowed.read(named(text)).permits(host, ip_address(address)) is allowed


@pytest.mark.parametrize("names", [("",), ("10.0.0.1/8",), ("10.0.0.0/99",)])
def test_what_is_no_setting(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Allowed.read(names)
