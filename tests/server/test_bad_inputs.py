"""Hostile and broken input against a server that is a process of its own.

What is refused is refused with 4xx and words; nothing makes the server fail, take long or eat memory. Run with `-s` to
see what each input cost. The bounds are generous multiples of what was measured: a second and 200 MiB are the aim.
"""

from __future__ import annotations

import json
import socket
import urllib.parse
from collections.abc import Callable, Iterator

import pytest

from tests.server.processes import MEBIBYTE, PIECE, Cost, Weigher, serving

SECONDS, MEBIBYTES = 5.0, 200.0
JSON, FORM = "application/json", "multipart/form-data; boundary=XX"
MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OPEN = f'<definitions xmlns="{MODEL}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="bad">'
CLOSE = "</definitions>"
TASKS = '<startEvent id="s"/><task id="t"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
ALIVE = f'{OPEN}<process id="alive" isExecutable="true">{TASKS}</process>{CLOSE}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weigher]:
    folder = tmp_path_factory.mktemp("bad")
    with serving(folder, "--test-mode", "--log-level", "ERROR") as (process, url):
        weigher = Weigher(process.pid, url)
        # What a first request loads is no input's fault.
        assert deploy(weigher, ALIVE).status == 200
        assert deploy(weigher, "<x/>", "broken.dmn").status == 400
        yield weigher
        assert process.poll() is None
        assert "Traceback" not in (folder / "server.log").read_text(encoding="utf-8")


def deploy(server: Weigher, document: str | bytes, name: str = "bad.bpmn") -> Cost:
    data = document if isinstance(document, bytes) else document.encode()
    body = form(data, name)
    return server.weigh("POST", "/deployment/create", pieces(body), FORM, len(body))


def form(data: bytes, name: str = "bad.bpmn") -> bytes:
    head = f'--XX\r\nContent-Disposition: form-data; name="data"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b"\r\n--XX--\r\n"


def pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


def send(server: Weigher, method: str, path: str, body: bytes = b"") -> Cost:
    return server.weigh(method, path, pieces(body), JSON if body else "", len(body))


def bounded(name: str, cost: Cost) -> Cost:
    print(
        f"\n{name}: {cost.status}, {cost.seconds:.3f} s, {cost.work:.2f} s of work, {cost.mebibytes:.0f} MiB, {cost.text[:160]}"
    )
    assert cost.work < SECONDS
    assert cost.mebibytes < MEBIBYTES
    assert cost.status < 500, cost.text[:500]
    return cost


def refused(name: str, cost: Cost, *words: str) -> Cost:
    """Says what is wrong, in a 4xx with Camunda's body that is no essay."""
    bounded(name, cost)
    assert 400 <= cost.status < 500, cost.text[:500]
    said = json.loads(cost.text)
    assert said["type"]
    assert said["message"]
    assert len(cost.text) < 64 * 1024
    for word in words:
        assert word in cost.text
    return cost


# ---------------------------------------------------------------- XML

LAUGHS = "".join(
    f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}{"&l" + str(n - 1) + ";" if n else "ha"}">'
    for n in range(30)
)


def doctype(inside: str, text: str = "") -> str:
    return f"<?xml version='1.0'?><!DOCTYPE definitions {inside}>{ALIVE.replace('<startEvent', text + '<startEvent')}"


DOCTYPES = {
    "billion laughs": doctype(f"[{LAUGHS}]", "&l29;"),
    "quadratic blow-up": doctype(f'[<!ENTITY a "{"a" * 50_000}">]', "&a;" * 50_000),
    "external entity": doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"),
    "parameter entity": doctype('[<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]'),
    "after a long white space": doctype("[]").replace("<!DOCTYPE", " " * 100_000 + "<!DOCTYPE"),
    "behind a comment": doctype("[]").replace("<!DOCTYPE", "<!-- <!DOCTYPE > --><!DOCTYPE"),
    "behind an instruction": doctype("[]").replace("<!DOCTYPE", "<?a <!-- ?><!DOCTYPE"),
}
HIDDEN = {
    "in UTF-16 with BOM": doctype("[]").replace("version='1.0'", "version='1.0' encoding='UTF-16'").encode("utf-16"),
    "in UTF-16 without BOM": doctype("[]").encode("utf-16-le"),
    "in big-endian UTF-16": doctype("[]").encode("utf-16-be"),
    "in UTF-32": doctype("[]").encode("utf-32"),
    "in UTF-7": b"<?xml version='1.0' encoding='UTF-7'?>" + doctype("[]")[21:].encode("utf-7"),
    "in UTF-7 by another name": b"<?xml version='1.0' encoding='csUnicode11UTF7'?>"
    + doctype("[]")[21:].encode("utf-7"),
    "in EBCDIC": doctype("[]").replace("version='1.0'", "version='1.0' encoding='cp500'").encode("cp500"),
}


@pytest.mark.parametrize("name", DOCTYPES)
@pytest.mark.parametrize("file", ["bad.bpmn", "bad.dmn"])
def test_a_doctype_is_refused(server: Weigher, name: str, file: str) -> None:
    cost = refused(name, deploy(server, DOCTYPES[name], file), "DOCTYPE")
    assert "root:" not in cost.text


@pytest.mark.parametrize("name", HIDDEN)
def test_a_doctype_is_found_in_any_encoding(server: Weigher, name: str) -> None:
    refused(name, deploy(server, HIDDEN[name]))


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE definitions SYSTEM "{url}">' + ALIVE,
        '<!DOCTYPE definitions [<!ENTITY x SYSTEM "{url}">]>' + ALIVE,
        '<?xml-stylesheet type="text/xsl" href="{url}"?>' + ALIVE,
        ALIVE.replace(
            "<process", '<import importType="http://www.w3.org/2001/XMLSchema" location="{url}" namespace="x"/><process'
        ),
    ],
)
def test_no_socket_opens_for_a_document(server: Weigher, document: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.3)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}/evil.dtd"
        bounded("a document that names an address", deploy(server, document.replace("{url}", address)))
        with pytest.raises(TimeoutError):
            trap.accept()


def process(inside: str) -> str:
    return f'{OPEN}<process id="bad" isExecutable="true">{TASKS}{inside}</process>{CLOSE}'


LARGE: dict[str, Callable[[], str]] = {
    "200,000 nested elements": lambda: process('<subProcess id="a">' * 200_000),
    "200,000 nested extension elements": lambda: process("<x>" * 200_000 + "</x>" * 200_000),
    "200,000 attributes": lambda: process("<task " + " ".join(f'a{n}="b"' for n in range(200_000)) + "/>"),
    "200,000 names of one attribute": lambda: process("<task " + 'id="a" ' * 200_000 + "/>"),
    "one million flows": lambda: process('<sequenceFlow id="a" sourceRef="s" targetRef="t"/>' * 1_000_000),
    "one million empty flows": lambda: process("<sequenceFlow/>" * 1_000_000),
    "300,000 flows": lambda: process(
        "".join(f'<sequenceFlow id="g{n}" sourceRef="s" targetRef="t"/>' for n in range(270_000))
    ),
    "45,000 flows to nowhere": lambda: process(
        "".join(f'<sequenceFlow id="g{n}" sourceRef="s" targetRef="n{n}"/>' for n in range(45_000))
    ),
    "a name of 15 MB": lambda: process(f'<task id="{"a" * 15_000_000}"/>'),
    "a text of 15 MB": lambda: process(f'<task id="x"/>{"a" * 15_000_000}<'),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_document_too_large_is_refused(server: Weigher, name: str) -> None:
    refused(name, deploy(server, LARGE[name]()))


def test_a_document_just_below_the_limit_is_deployed(server: Weigher) -> None:
    flows = "".join(f'<sequenceFlow id="g{n}" sourceRef="s" targetRef="t"/>' for n in range(45_000))
    assert deploy(server, process(flows)).status == 200


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("what", "piece", "size"), [("white space", b" " * PIECE, 2**30), ("a stream", b"x" * PIECE, 2**31)]
)
def test_an_endless_body_is_cut_off(server: Weigher, what: str, piece: bytes, size: int, declared: bool) -> None:
    head = form(ALIVE.encode()).split(b"<process")[0]
    length = len(head) + size if declared else None
    cost = server.weigh("POST", "/deployment/create", endless(head, piece, size), FORM, length)
    refused(f"{what} of {size // MEBIBYTE} MiB", cost, "larger than")
    assert cost.status == 413
    assert cost.sent < size / 4


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.fault(13)
def test_an_endless_json_is_cut_off(server: Weigher, declared: bool) -> None:
    body = endless(b'{"variables": ', b" " * PIECE, 2**30)
    cost = server.weigh("POST", "/process-definition/key/alive/start", body, JSON, 2**30 if declared else None)
    refused("JSON of 1 GiB", cost, "larger than")
    assert cost.status == 413
    assert cost.sent < 2**28


def endless(head: bytes, piece: bytes, size: int) -> Iterator[bytes]:
    yield head
    for _ in range(size // len(piece)):
        yield piece


def test_white_space_up_to_the_limit_is_refused(server: Weigher) -> None:
    body = form(ALIVE.replace("<process", " " * (60 * MEBIBYTE) + "<process").encode())
    refused("60 MiB of white space", server.weigh("POST", "/deployment/create", pieces(body), FORM, len(body)))


ENCODED = {
    "UTF-7": b"<?xml version='1.0' encoding='UTF-7'?>" + ALIVE.encode("utf-7"),
    "NUL": ALIVE.replace("<startEvent", "\0<startEvent").encode(),
    "NUL as a reference": ALIVE.replace("<startEvent", "&#0;<startEvent").encode(),
    "NUL at the end": ALIVE.encode() + b"\0",
    "Latin-1 that says UTF-8": b"<?xml version='1.0' encoding='UTF-8'?>"
    + ALIVE.replace("alive", "\xe4").encode("latin-1"),
    "UTF-8 that says UTF-16": b"<?xml version='1.0' encoding='UTF-16'?>" + ALIVE.encode(),
    "UTF-8, then UTF-16": ALIVE[:150].encode() + ALIVE[150:].encode("utf-16"),
    "an encoding nobody knows": b"<?xml version='1.0' encoding='nobody'?>" + ALIVE.encode(),
    "a lone surrogate": ALIVE.replace("alive", "\ud800").encode("utf-8", "surrogatepass"),
    "nothing": b"",
    "only white space": b" \n" * 1000,
    "JSON": b'{"bpmn": true}',
    "random bytes": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("name", ENCODED)
def test_what_is_no_xml_is_refused(server: Weigher, name: str) -> None:
    refused(name, deploy(server, ENCODED[name]))


def test_utf_16_without_bom_is_read_or_refused(server: Weigher) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        bounded(encoding, deploy(server, ALIVE.encode(encoding)))


# ---------------------------------------------------------------- models

BROKEN = {
    "duplicate ids": (process('<task id="t"/>'), "'t'"),
    "two processes of one id": (ALIVE.replace(CLOSE, ALIVE[len(OPEN) :]), "'alive'"),
    "a boundary event on nothing": (process('<boundaryEvent id="b" attachedToRef="none"/>'), "element b"),
    "a boundary event without attachment": (process('<boundaryEvent id="b"/>'), "attachedToRef"),
    "a flow from nowhere": (process('<sequenceFlow id="g" sourceRef="none" targetRef="t"/>'), "'none'"),
    "a flow into itself": (process('<sequenceFlow id="g" sourceRef="g" targetRef="g"/>'), "'g'"),
    "a sub-process within itself": (process('<subProcess id="a"><subProcess id="a"/></subProcess>'), "'a'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_is_refused(server: Weigher, name: str) -> None:
    document, words = BROKEN[name]
    refused(name, deploy(server, document), words)


def test_a_process_that_calls_itself_ends(server: Weigher) -> None:
    """Camunda 7 answers with a StackOverflowError; here it is said after a bounded number of steps, and undone."""
    model = "".join(
        f'<process id="{one}" isExecutable="true"><startEvent id="{one}-s"/><callActivity id="{one}-c" calledElement="{other}"/>'
        f'<sequenceFlow id="{one}-f" sourceRef="{one}-s" targetRef="{one}-c"/></process>'
        for one, other in (("round", "about"), ("about", "round"))
    )
    assert deploy(server, f"{OPEN}{model}{CLOSE}").status == 200
    cost = send(server, "POST", "/process-definition/key/round/start", b"{}")
    assert cost.status == 500
    assert "calls itself" in cost.text
    assert cost.work < SECONDS
    assert cost.mebibytes < MEBIBYTES
    assert json.loads(send(server, "GET", "/process-instance/count?processDefinitionKey=round").text) == {"count": 0}


# ---------------------------------------------------------------- JSON

START = "/process-definition/key/alive/start"


def variables(value: str) -> bytes:
    return b'{"variables": {"v": {"value": ' + value.encode("utf-8", "surrogatepass") + b"}}}"


JSONS: dict[str, bytes] = {
    "nested arrays": variables("[" * 100_000 + "]" * 100_000),
    "nested objects": variables('{"a":' * 100_000 + "1" + "}" * 100_000),
    "arrays that never end": b"[" * 1_000_000,
    "NaN": variables("NaN"),
    "Infinity": variables("-Infinity"),
    "an escaped lone surrogate": variables('"\\ud800"'),
    "a lone surrogate": variables('"\ud800"'),
    "100,000 digits": variables("9" * 100_000),
    "1e400": variables("1e400"),
    "a long exponent": variables("1e" + "9" * 100_000),
    "NUL": variables('"\\u0000"'),
    "NUL in a name": b'{"variables": {"a\\u0000": {"value": 1}}}',
    "a comment": b"{} // no",
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"variables": {},}',
    "UTF-16": "{}".encode("utf-16"),
    "Latin-1": '{"businessKey": "\xe4"}'.encode("latin-1"),
    "an array": b"[]",
    "a number": b"1",
    "variables that are none": b'{"variables": [1]}',
    "a variable that is none": b'{"variables": {"v": 1}}',
    "a business key that is none": b'{"businessKey": {"a": 1}}',
}


@pytest.mark.parametrize("name", JSONS)
def test_broken_json_is_refused(server: Weigher, name: str) -> None:
    refused(name, send(server, "POST", START, JSONS[name]))


def test_of_duplicate_keys_the_last_wins(server: Weigher) -> None:
    body = b'{"businessKey": "a", "businessKey": "b", "variables": {"v": {"value": 1}, "v": {"value": 2}}}'
    started = json.loads(bounded("duplicate keys", send(server, "POST", START, body)).text)
    assert started["businessKey"] == "b"


def many_variables(size: int) -> bytes:
    return json.dumps({"variables": {f"v{n}": {"value": n} for n in range(size)}}).encode()


def test_two_hundred_thousand_variables_are_refused(server: Weigher) -> None:
    refused("200,000 variables", send(server, "POST", START, many_variables(200_000)))


def test_ten_thousand_variables_are_set_in_linear_time(server: Weigher) -> None:
    assert bounded("10,000 variables", send(server, "POST", START, many_variables(10_000))).status == 200


# ---------------------------------------------------------------- names of variables

WAITING = process('<userTask id="u"/><sequenceFlow id="w" sourceRef="t" targetRef="u"/>').replace('"bad"', '"waiting"')


@pytest.fixture(scope="module")
def instance(server: Weigher) -> str:
    assert deploy(server, WAITING).status == 200
    started = json.loads(send(server, "POST", "/process-definition/key/waiting/start", b"{}").text)
    return str(started["id"])


NAMES = [
    "__proto__",
    "constructor",
    "__class__",
    "a/b",
    "a.b",
    "a b",
    "..",
    "%2e%2e",
    "a%00b",
    "a\\b",
    "'; drop table variable; --",
    '"quoted"',
    "<img src=x onerror=alert(1)>",
    "\u202eabc",
    "ä",
    "\U0001f600",
    "n" * 4_000,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_may_have_any_name(server: Weigher, instance: str, name: str) -> None:
    """Kept as it is and given back as it is, or refused; case makes two of it."""
    path = f"/process-instance/{instance}/variables"
    body = json.dumps({"modifications": {name: {"value": "v"}, name.swapcase(): {"value": "{{secrets.X}}"}}})
    cost = bounded(name[:20], send(server, "POST", path, body.encode()))
    kept = json.loads(send(server, "GET", path).text)
    if cost.status != 204:
        assert name not in kept
        return
    assert kept[name]["value"] in ("v", "{{secrets.X}}")
    assert kept[name.swapcase()]["value"] == "{{secrets.X}}"
    one = bounded("one", send(server, "GET", f"{path}/{urllib.parse.quote(name, safe='')}"))
    assert one.status in (200, 400, 404)


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "n" * 10_000])
def test_an_impossible_name_is_refused(server: Weigher, instance: str, name: str) -> None:
    body = json.dumps({"modifications": {name: {"value": 1}}}).encode()
    refused(repr(name[:20]), send(server, "POST", f"/process-instance/{instance}/variables", body))


# ---------------------------------------------------------------- multipart


def part(name: str, content: bytes = b"x", filename: str | None = None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


FORMS: dict[str, tuple[str, bytes]] = {
    "10,000 parts": (FORM, b"".join(part(f"p{n}", filename=f"p{n}.txt") for n in range(10_000)) + b"--XX--\r\n"),
    "no boundary": ("multipart/form-data", form(ALIVE.encode())),
    "an empty boundary": ("multipart/form-data; boundary=", form(ALIVE.encode())),
    "another boundary": ("multipart/form-data; boundary=YY", form(ALIVE.encode())),
    "a long boundary": (f"multipart/form-data; boundary={'X' * 10_000}", form(ALIVE.encode())),
    "no end": (FORM, form(ALIVE.encode())[:-8]),
    "no parts": (FORM, b"--XX--\r\n"),
    "no name": (FORM, b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n"),
    "an encoded CRLF in a file name": (FORM, part("a", filename="a\x0d\x0ab.bpmn") + b"--XX--\r\n"),
    "NUL in a file name": (FORM, part("a", filename="a\0.bpmn") + b"--XX--\r\n"),
    "a header of 1 MB": (FORM, b"--XX\r\nX-A: " + b"a" * 1_000_000 + b"\r\n\r\nx\r\n--XX--\r\n"),
    "10,000 headers": (FORM, b"--XX\r\n" + b"X-A: a\r\n" * 10_000 + b"\r\nx\r\n--XX--\r\n"),
    "no form": (FORM, b"<definitions/>"),
    "JSON": (JSON, b"{}"),
    "XML": ("application/xml", ALIVE.encode()),
    "no type": ("", ALIVE.encode()),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_broken_form_is_refused(server: Weigher, name: str) -> None:
    kind, body = FORMS[name]
    refused(name, server.weigh("POST", "/deployment/create", pieces(body), kind, len(body)))


def test_a_boundary_within_the_content_is_content(server: Weigher) -> None:
    inside = ALIVE.replace("<startEvent", "<documentation>--XX --XX-- \n--X</documentation><startEvent")
    assert bounded("boundary in content", deploy(server, inside)).status == 200


def test_a_line_break_in_a_file_name_makes_no_header(server: Weigher) -> None:
    body = part("a", filename='a\r\nContent-Disposition: form-data; name="b"; filename="c') + b"--XX--\r\n"
    cost = bounded("CRLF in a file name", server.weigh("POST", "/deployment/create", pieces(body), FORM, len(body)))
    if cost.status == 200:
        made = json.loads(send(server, "GET", f"/deployment/{json.loads(cost.text)['id']}/resources").text)
        assert all(one["name"].isprintable() for one in made)


# ---------------------------------------------------------------- queries

PAGING = [
    ("sortBy=id;drop&sortOrder=asc", 400),
    ("sortBy=id&sortOrder=asc;drop", 400),
    ("sortBy=%00&sortOrder=asc", 400),
    ("sortBy=id", 400),
    ("sortOrder=asc", 400),
    ("maxResults=99999999999", 404),
    ("firstResult=x", 404),
    ("firstResult=1e9", 404),
    ("maxResults=2147483648", 404),
    (f"maxResults={'9' * 10_000}", 404),
]
LISTS = ["/task", "/process-instance", "/job", "/external-task", "/history/process-instance", "/deployment"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(("query", "status"), PAGING)
def test_broken_paging_and_sorting(server: Weigher, path: str, query: str, status: int) -> None:
    assert refused(f"{path}?{query[:40]}", send(server, "GET", f"{path}?{query}")).status == status


@pytest.mark.parametrize("query", ["firstResult=-1", "maxResults=-1", "maxResults=0", "firstResult=2147483647"])
@pytest.mark.parametrize("path", LISTS)
def test_paging_beyond_both_ends(server: Weigher, path: str, query: str) -> None:
    assert bounded(f"{path}?{query}", send(server, "GET", f"{path}?{query}")).status in (200, 400)


@pytest.mark.parametrize(
    "query", ["processInstanceId=%00", "a=1&" * 3_000, "suspended=maybe", "createdBefore=yesterday", "priority=1e9"]
)
def test_broken_filters(server: Weigher, query: str) -> None:
    refused(query[:40], send(server, "GET", f"/task?{query}"))


def test_an_address_too_long_is_refused(server: Weigher) -> None:
    """Not even a server that reads requests line by line takes this one in."""
    assert bounded("200 kB of address", send(server, "GET", f"/task?name={'x' * 200_000}")).status in (400, 414)


WORDS = ["%_\\'", "' or 1=1 --", "'; drop table task; --", '"', "%2f", "\\", "\ud7ff", "${1+1}", "x" * 5_000]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/task", "nameLike"),
        ("/task", "assignee"),
        ("/task", "taskVariables"),
        ("/process-instance", "businessKeyLike"),
        ("/process-instance", "variables"),
        ("/process-definition", "keyLike"),
        ("/history/process-instance", "processInstanceBusinessKeyLike"),
        ("/deployment", "nameLike"),
        ("/variable-instance", "variableNameLike"),
        ("/variable-instance", "variableValues"),
        ("/history/variable-instance", "variableNameLike"),
    ],
)
def test_words_in_filters_are_only_words(server: Weigher, path: str, name: str, word: str) -> None:
    cost = bounded(word[:20], send(server, "GET", f"{path}?{urllib.parse.urlencode({name: word})}"))
    if cost.status == 200:
        assert json.loads(cost.text) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/process-instance", "processInstanceIds"),
        ("/task", "processInstanceBusinessKeyIn"),
        ("/history/task", "taskDefinitionKeyIn"),
    ],
)
def test_ten_thousand_members_of_a_list(server: Weigher, path: str, name: str) -> None:
    body = json.dumps({name: [f"x{n}" for n in range(10_000)]}).encode()
    assert json.loads(bounded(name, send(server, "POST", path, body)).text) == []


def test_nothing_of_it_has_hurt(server: Weigher, instance: str) -> None:
    """The last test of this file: the server answers, and what ran is there."""
    assert send(server, "GET", f"/process-instance/{instance}").status == 200
    assert json.loads(send(server, "GET", "/incident/count").text) == {"count": 0}
