"""Through which proxy an address is called, by what the environment says."""

import pytest

from shared.http.proxy import VARIABLES, host_of, passwords, proxy_for

PROXY = "http://proxy.corp:3128"
API = "https://api.pagerduty.com"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without any proxy."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variable", "url", "found"),
    [
        ("HTTPS_PROXY", API, True),
        ("https_proxy", API, True),
        ("HTTPS_PROXY", "wss://wss-primary.slack.com/link", True),
        ("HTTPS_PROXY", "http://plain.example", False),
        ("HTTP_PROXY", API, False),
        ("HTTP_PROXY", "http://plain.example", True),
        ("http_proxy", "ws://plain.example", True),
        ("ALL_PROXY", API, True),
        ("all_proxy", "http://plain.example", True),
    ],
)
def test_each_kind_of_address_has_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str, *, found: bool
) -> None:
    """One for what is encrypted, one for what is not, and one for both."""
    monkeypatch.setenv(variable, PROXY)

    assert (PROXY if found else None) == proxy_for(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST", "localhost.:8080"])
def test_this_machine_is_never_called_through_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Plain http is only for this machine, which tokens would leave in the clear."""
    monkeypatch.setenv("ALL_PROXY", PROXY)

    assert proxy_for(f"http://{host}/api") is None
    assert proxy_for(f"https://{host}/api") is None


@pytest.mark.parametrize(
    ("entries", "url", "direct"),
    [
        ("api.pagerduty.com", API, True),
        ("API.PagerDuty.COM", API, True),
        ("pagerduty.com", API, True),
        (".pagerduty.com", API, True),
        (".pagerduty.com", "https://pagerduty.com", True),
        ("*.pagerduty.com", API, True),
        ("pagerduty.com.", API, True),
        ("pagerduty.com", "https://api.pagerduty.com./", True),
        ("duty.com", API, False),
        ("api.pagerduty.com.evil.example", API, False),
        ("pagerduty.com", "https://api.pagerduty.com.evil.example", False),
        ("api", API, False),
        ("com", API, True),
        ("*", API, True),
        ("slack.com, *", API, True),
        ("slack.com,pagerduty.com", API, True),
        ("slack.com pagerduty.com", API, True),
        (" , ,", API, False),
        (".", API, False),
        ("", API, False),
        ("pagerduty.com:443", API, True),
        ("pagerduty.com:8443", API, False),
        ("pagerduty.com:8443", "https://api.pagerduty.com:8443", True),
        (".slack.com:443", "wss://wss-primary.slack.com/link", True),
        ("plain.example:80", "http://plain.example", True),
        ("*:443", API, True),
        ("*:80", API, False),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:8443", "https://10.1.2.3", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8:443", "https://10.1.2.3", True),
        ("10.1.2.3/8", "https://10.200.0.1", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", API, False),
        ("2.3", "https://10.1.2.3", False),
        (".2.3", "https://10.1.2.3", False),
        ("fd00::1", "https://[fd00::1]", True),
        ("[fd00::1]", "https://[fd00::1]", True),
        ("[fd00::1]:443", "https://[fd00::1]", True),
        ("[fd00::1]:8443", "https://[fd00::1]", False),
        ("FD00:0:0::1", "https://[fd00::1]", True),
        ("fd00::/8", "https://[fd12::1]", True),
        ("fd00::/8", "https://[fe80::1]", False),
        ("fd00::/8", "https://10.1.2.3", False),
    ],
)
def test_what_no_proxy_lists_is_called_directly(
    monkeypatch: pytest.MonkeyPatch, entries: str, url: str, *, direct: bool
) -> None:
    """Hosts with all below them, addresses, ranges, each perhaps with a port; all by `*`; and nothing else."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", entries)

    assert (None if direct else PROXY) == proxy_for(url)


def test_small_letters_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when they say that there is none; capitals hold where there are no small letters."""
    monkeypatch.setenv("HTTPS_PROXY", "http://capitals:1")
    monkeypatch.setenv("https_proxy", "http://small:2")
    assert "http://small:2" == proxy_for(API)
    monkeypatch.setenv("https_proxy", "")
    assert proxy_for(API) is None
    monkeypatch.delenv("https_proxy")
    assert "http://capitals:1" == proxy_for(API)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "*")
    assert "http://capitals:1" == proxy_for(API)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://proxy:3128/", "http://proxy:3128"),
        (" proxy:3128 ", "http://proxy:3128"),
        ("user:s3cret@proxy:3128", "http://user:s3cret@proxy:3128"),
        ("HTTPS://proxy", "https://proxy"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
    ],
)
def test_addresses_of_proxies(monkeypatch: pytest.MonkeyPatch, given: str, used: str) -> None:
    """Without a scheme it is http; people read no user and password."""
    monkeypatch.setenv("HTTPS_PROXY", given)

    assert used == proxy_for(API)
    assert host_of(used) == used.rpartition("/")[2].rpartition("@")[2]


@pytest.mark.parametrize(
    "given",
    ["socks5://u:s3cret@proxy:1080", "socks5h://proxy", "socks://proxy", "ftp://proxy", "http://", "http://u:s3cret#@proxy:1",
     "http://proxy:3128/prefix", "http://proxy?a=b", "http://proxy:port", "http://proxy:99999", "http://[fd00::1", "://proxy"],
)  # fmt: skip
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, variable: str, given: str
) -> None:
    """The variable is named as it is set, its value never; what is called directly does not mind."""
    monkeypatch.setenv(variable, given)

    with pytest.raises(ValueError, match=f"{variable} is not the address of an http:// or https:// proxy") as raised:
        proxy_for(API)

    assert "s3cret" not in str(raised.value)
    monkeypatch.setenv("NO_PROXY", "pagerduty.com")
    assert proxy_for(API) is None


def test_every_password_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As written and as meant, from every variable, used or not; a proxy without one has none."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:p%40ss:w0rd@proxy")
    monkeypatch.setenv("https_proxy", "user:an0ther@proxy")
    monkeypatch.setenv("ALL_PROXY", "socks5://user:a/third@proxy")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")

    assert {"p%40ss:w0rd", "p@ss:w0rd", "an0ther", "a/third"} == set(passwords())
