"""Who may come in, by the facts of a request alone: every clause with the attack that it stops."""

from __future__ import annotations

import ipaddress
from itertools import product
from typing import Any

import pytest
from attrs import evolve

from teckochecker.entrypoints.http.access.facts import Facts, Sender, sender
from teckochecker.entrypoints.http.access.rule import (
    COOKIE,
    HOW_TO_COME_IN,
    Anybody,
    Bearer,
    Cookie,
    LocalOperator,
    Mode,
    Nobody,
    Refused,
    Rule,
    claim,
    not_local,
)

LOCAL = Rule(mode=Mode.LOCAL)
ALWAYS = Rule(mode=Mode.ALWAYS)
OFF = Rule(mode=Mode.OFF)
PROXY = ipaddress.ip_network("10.0.0.0/8")
BEHIND = Rule(mode=Mode.ALWAYS, proxies=(PROXY,), hosts=frozenset({"tecko.example"}))


def a_request(**changes: Any) -> Facts:
    """What curl sends on the service's own machine, but for what is named. Headers are added to those of curl."""
    headers = {"host": ["localhost:8000"], "user-agent": ["curl/8"], **changes.pop("headers", {})}
    known: dict[str, Any] = {"path": "/api/jobs", "peer": "127.0.0.1", "port": 8000, **changes}
    return Facts(**known, headers={name: value for name, value in headers.items() if value})


def through_proxy(**headers: list[str]) -> Facts:
    """A request as a trusted proxy passes it on."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    forwarded = {"host": ["tecko.example"], "x-forwarded-for": ["1.2.3.4"], "x-forwarded-proto": ["https"]}
    return a_request(peer="10.0.0.1", headers=forwarded | given)


# The local operator


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:8000"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_who_works_on_the_same_machine_is_let_in_without_a_token(peer: str, host: str, method: str) -> None:
    assert claim(a_request(peer=peer, method=method, headers={"host": [host]}), LOCAL) == LocalOperator()


@pytest.mark.parametrize("headers", [{"origin": ["http://localhost:8000"]}, {"sec-fetch-site": ["same-origin"]}])
def test_our_own_pages_on_the_same_machine_are_let_in(headers: dict[str, list[str]]) -> None:
    assert claim(a_request(method="POST", headers=headers), LOCAL) == LocalOperator()


def test_an_address_typed_into_a_browser_on_the_same_machine_is_let_in() -> None:
    assert claim(a_request(headers={"sec-fetch-site": ["none"]}), LOCAL) == LocalOperator()


def test_on_port_80_the_host_needs_no_port() -> None:
    assert claim(a_request(port=80, headers={"host": ["localhost"]}), LOCAL) == LocalOperator()
    assert claim(a_request(port=80, headers={"host": ["localhost:80"]}), LOCAL) == LocalOperator()


ATTACKS: dict[str, tuple[dict[str, Any], str]] = {
    "another machine": ({"peer": "192.168.1.7"}, "does not come from this machine"),
    "the address of this machine seen from outside": ({"peer": "203.0.113.9"}, "does not come from this machine"),
    "another machine in the guise of IPv6": ({"peer": "::ffff:10.0.0.7"}, "does not come from this machine"),
    "a socket without an address": ({"peer": None}, "does not come from this machine"),
    "a peer that is no address": ({"peer": "localhost"}, "does not come from this machine"),
    "an old reverse proxy": ({"http_version": "1.0"}, "older HTTP than 1.1"),
    "a name that was pointed here": ({"headers": {"host": ["evil.example:8000"]}}, "Host"),
    "a name that begins like ours": ({"headers": {"host": ["localhost.evil.example:8000"]}}, "Host"),
    "another port, as a tunnel or a container has": ({"headers": {"host": ["localhost:9000"]}}, "Host"),
    "no port": ({"headers": {"host": ["localhost"]}}, "Host"),
    "two hosts": ({"headers": {"host": ["localhost:8000", "evil.example"]}}, "Host"),
    "the same host twice": ({"headers": {"host": ["localhost:8000", "localhost:8000"]}}, "Host"),
    "two hosts in one header": ({"headers": {"host": ["localhost:8000, evil.example"]}}, "Host"),
    "no host": ({"headers": {"host": []}}, "Host"),
    "another address of this machine": ({"headers": {"host": ["192.168.1.2:8000"]}}, "Host"),
    "a user in the host": ({"headers": {"host": ["evil@localhost:8000"]}}, "Host"),
    "a page of another site": ({"headers": {"origin": ["https://evil.example"]}}, "another site"),
    "a page of a sandbox": ({"headers": {"origin": ["null"]}}, "another site"),
    "a page of another port": ({"headers": {"origin": ["http://localhost:3000"]}}, "another site"),
    "a page of the same host over https": ({"headers": {"origin": ["https://localhost:8000"]}}, "another site"),
    "our page and another": ({"headers": {"origin": ["http://localhost:8000", "https://evil.example"]}}, "another"),
    "a picture in another site's page": ({"headers": {"sec-fetch-site": ["cross-site"]}}, "another site"),
    "a page of a neighbour": ({"headers": {"sec-fetch-site": ["same-site"]}}, "another site"),
    "a browser that says both": ({"headers": {"sec-fetch-site": ["same-origin", "cross-site"]}}, "another site"),
    "a made-up word": ({"headers": {"sec-fetch-site": ["trust-me"]}}, "another site"),
}
PROXIES_ADD = (
    *("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Anything"),
    *("X-Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "CF-Ray"),
    *("X-Envoy-External-Address", "X-Envoy-Attempt-Count", "X-Original-URL", "X-Original-Forwarded-For"),
    *("X_Forwarded_For", "X_REAL_IP"),
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobody_else_is_taken_for_the_local_operator(attack: str) -> None:
    changes, reason = ATTACKS[attack]
    request = a_request(**changes)
    assert reason in (not_local(request, LOCAL) or "")
    assert isinstance(claim(request, LOCAL), Nobody | Refused)


@pytest.mark.parametrize("name", PROXIES_ADD)
@pytest.mark.parametrize("value", ["127.0.0.1", ""])
def test_whatever_a_proxy_adds_gives_it_away(name: str, value: str) -> None:
    scope = {
        "method": "GET",
        "path": "/api/jobs",
        "http_version": "1.1",
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 8000),
        "headers": [(b"host", b"localhost:8000"), (name.encode(), value.encode())],
    }
    assert "came through a proxy" in (not_local(Facts.of(scope), LOCAL) or "")


def test_in_a_container_and_behind_proxies_nobody_is_local() -> None:
    assert "container" in (not_local(a_request(), evolve(LOCAL, contained=True)) or "")
    assert "TRUSTED_PROXIES" in (not_local(a_request(), evolve(LOCAL, proxies=(PROXY,))) or "")
    assert isinstance(claim(a_request(), evolve(LOCAL, contained=True)), Nobody)


def test_every_way_to_be_almost_local_is_refused() -> None:
    """One clause is enough to keep somebody out, however many others hold."""
    clauses: list[list[dict[str, Any]]] = [
        [{}, {"peer": "192.168.1.7"}],
        [{}, {"http_version": "1.0"}],
        [{}, {"via": ["1.1 proxy"]}],
        [{}, {"host": ["evil.example:8000"]}, {"host": []}],
        [{}, {"origin": ["https://evil.example"]}],
        [{}, {"sec-fetch-site": ["cross-site"]}],
    ]
    for choice, method, contained, proxies in product(
        product(*clauses), ["GET", "POST"], [False, True], [(), (PROXY,)]
    ):
        merged = {key: value for part in choice for key, value in part.items()}
        facts = {key: merged.pop(key) for key in ("peer", "http_version") if key in merged}
        rule = Rule(mode=Mode.LOCAL, contained=contained, proxies=proxies)
        spotless = not any(choice) and not contained and not proxies
        assert (claim(a_request(method=method, **facts, headers=merged), rule) == LocalOperator()) is spotless


def test_the_reason_is_told_with_the_cure() -> None:
    told = claim(a_request(peer="192.168.1.7", headers={"host": ["192.168.1.2:8000"]}), LOCAL)
    assert isinstance(told, Nobody)
    assert told.reason == (
        f"{HOW_TO_COME_IN}. You are not let in without one because the request does not come from this machine"
    )


@pytest.mark.parametrize("rule", [ALWAYS, BEHIND])
def test_without_local_everybody_needs_a_token(rule: Rule) -> None:
    assert claim(a_request(), rule) == Nobody(HOW_TO_COME_IN)


# Tokens


@pytest.mark.parametrize("rule", [ALWAYS, LOCAL, OFF, BEHIND])
@pytest.mark.parametrize("host", [["evil.example"], [], ["a", "b"], ["localhost:8000"]])
def test_a_token_may_come_from_anywhere_under_any_host(rule: Rule, host: list[str]) -> None:
    headers = {"host": host, "authorization": ["Bearer tck_x"], "origin": ["https://evil.example"]}
    request = a_request(method="POST", peer="1.2.3.4", http_version="1.0", headers=headers)
    assert claim(request, rule) == Bearer("tck_x")


@pytest.mark.parametrize(
    "values",
    [["Basic YTpi"], ["tck_x"], ["Bearer"], ["Bearer "], [""], ["Bearer tck_x", "Bearer tck_y"], ["Digest x=1"]],
)
def test_another_kind_of_authorization_is_refused_even_on_the_same_machine(values: list[str]) -> None:
    assert claim(a_request(headers={"authorization": values}), LOCAL) == Refused(401, HOW_TO_COME_IN)


# Names, and other sites


@pytest.mark.parametrize("rule", [ALWAYS, LOCAL, OFF, BEHIND])
@pytest.mark.parametrize(
    "host", [["evil.example"], ["evil.tecko.example:8000"], ["tecko.example."], [], ["a b"], ["x", "y"]]
)
def test_a_name_that_the_operator_did_not_list_is_refused(rule: Rule, host: list[str]) -> None:
    for method in ("GET", "POST"):
        refused = claim(a_request(method=method, headers={"host": host}), rule)
        assert isinstance(refused, Refused)
        assert refused.status == 400


@pytest.mark.parametrize(
    "host", ["tecko.example", "TECKO.example:8443", "10.1.2.3:8000", "[fd00::1]:8000", "localhost"]
)
def test_a_listed_name_or_an_address_is_no_foreign_name(host: str) -> None:
    known = claim(a_request(peer="10.0.0.9", headers={"host": [host]}), BEHIND)
    assert known == Nobody(HOW_TO_COME_IN)


@pytest.mark.parametrize("rule", [ALWAYS, LOCAL, OFF])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": ["https://evil.example"]}, {"origin": ["null"]}, {"sec-fetch-site": ["cross-site"]}],
)
def test_a_page_of_another_site_changes_nothing(rule: Rule, method: str, headers: dict[str, list[str]]) -> None:
    refused = claim(a_request(method=method, headers=headers), rule)
    assert isinstance(refused, Refused)
    assert refused.status == 403


def test_another_site_may_lead_to_our_pages() -> None:
    assert claim(a_request(headers={"sec-fetch-site": ["cross-site"]}), ALWAYS) == Nobody(HOW_TO_COME_IN)


def test_a_browser_names_no_port_where_it_is_the_usual_one() -> None:
    here = a_request(method="POST", port=80, headers={"host": ["localhost:80"], "origin": ["http://localhost"]})
    assert claim(here, LOCAL) == LocalOperator()
    behind = through_proxy(host=["tecko.example:443"], cookie=OURS, origin=["https://tecko.example"])
    assert claim(evolve(behind, method="POST"), BEHIND) == Cookie("abc")
    other_port = through_proxy(host=["tecko.example:8443"], cookie=OURS, origin=["https://tecko.example"])
    assert isinstance(claim(evolve(other_port, method="POST"), BEHIND), Refused)


def test_off_lets_in_anybody_but_foreign_names_and_foreign_pages() -> None:
    assert claim(a_request(peer="1.2.3.4"), OFF) == Anybody()
    assert claim(a_request(method="POST", peer="1.2.3.4"), OFF) == Anybody()


# Sessions


def test_a_session_counts_over_https_as_a_trusted_proxy_tells_it() -> None:
    assert claim(through_proxy(cookie=[f"theme=dark; {COOKIE}=abc"]), BEHIND) == Cookie("abc")


OURS = [f"{COOKIE}=abc"]
NO_SESSION: tuple[tuple[Facts, Rule], ...] = (
    (a_request(headers={"cookie": OURS}), ALWAYS),  # plain http
    (a_request(headers={"cookie": OURS, "x-forwarded-proto": ["https"]}), ALWAYS),  # https by hearsay
    (through_proxy(cookie=OURS, x_forwarded_proto=["http"]), BEHIND),
    (through_proxy(cookie=OURS, x_forwarded_proto=["https, http"]), BEHIND),
    (through_proxy(cookie=OURS, x_forwarded_proto=["https", "http"]), BEHIND),
    (through_proxy(cookie=[f"{COOKIE}=abc; {COOKIE}=def"]), BEHIND),  # one was slipped in
    (through_proxy(cookie=["teckochecker=abc"]), BEHIND),
)


@pytest.mark.parametrize(("request_", "rule"), NO_SESSION)
def test_a_session_does_not_count_anywhere_else(request_: Facts, rule: Rule) -> None:
    assert claim(request_, rule) == Nobody(HOW_TO_COME_IN)


def test_a_session_changes_things_from_our_own_pages_alone() -> None:
    own = through_proxy(cookie=OURS, origin=["https://tecko.example"], sec_fetch_site=["same-origin"])
    foreign = through_proxy(cookie=OURS, origin=["https://evil.example"])
    assert claim(evolve(own, method="POST"), BEHIND) == Cookie("abc")
    assert isinstance(claim(evolve(foreign, method="POST"), BEHIND), Refused)


# What anybody may ask


@pytest.mark.parametrize("path", ["/api/health", "/api/webhooks/openai"])
@pytest.mark.parametrize("rule", [ALWAYS, LOCAL, OFF])
def test_health_and_webhooks_are_asked_by_anybody_however(path: str, rule: Rule) -> None:
    headers = {"host": ["a", "b"], "origin": ["https://evil.example"], "authorization": ["Bearer wrong"]}
    assert isinstance(claim(a_request(method="POST", path=path, peer="1.2.3.4", headers=headers), rule), Nobody)


@pytest.mark.parametrize("path", ["/api/health/x", "/api/healthy", "/API/health", "/api/webhooks", "//api/health"])
def test_what_looks_like_it_is_not(path: str) -> None:
    assert isinstance(claim(a_request(path=path, headers={"host": ["evil.example"]}), ALWAYS), Refused)


# Where a request comes from


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("1.1.1.1", ["9.9.9.9"], "1.1.1.1"),  # not from a trusted proxy
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["6.6.6.6, 9.9.9.9"], "9.9.9.9"),  # further left anybody can write anything
        ("10.0.0.1", ["6.6.6.6, 9.9.9.9, 10.0.0.2"], "9.9.9.9"),
        ("10.0.0.1", ["6.6.6.6", "9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["9.9.9.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["9.9.9.9, nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["9.9.9.9:4711"], "9.9.9.9"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["::ffff:9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["127.0.0.1"], "127.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        (None, ["9.9.9.9"], None),
    ],
)
def test_the_address_is_the_right_most_hop_that_is_no_trusted_proxy(
    peer: str | None, forwarded: list[str], address: str | None
) -> None:
    facts = a_request(peer=peer, headers={"x-forwarded-for": forwarded})
    assert sender(facts, (PROXY,)) == Sender(address=address)


def test_the_scheme_is_believed_from_trusted_proxies_alone() -> None:
    headers = {"x-forwarded-proto": ["https"]}
    assert sender(a_request(peer="10.0.0.1", headers=headers), (PROXY,)).scheme == "https"
    assert sender(a_request(peer="1.2.3.4", headers=headers), (PROXY,)).scheme == "http"
    assert sender(a_request(peer="10.0.0.1", headers=headers), ()).scheme == "http"
