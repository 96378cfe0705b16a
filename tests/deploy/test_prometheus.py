"""A real Prometheus beside the bridge as compose.yaml starts it: it sees both programs, and the rules fire."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from pagebridge.local.child_process import Child
from pagebridge_sandbox.loopback import HOST, free_ports
from tests.deploy.prometheus import tool
from tests.deploy.test_containers import SERVICES, started
from tests.deploy.users import ROOT, store
from tests.stories.processes import deployed

PATIENCE = 60.0
JOBS = {"pagebridge-receiver": "RECEIVER_ADMIN_PORT", "pagebridge-worker": "WORKER_PORT"}


class Prometheus:
    """A running one. `get` asks its HTTP API."""

    def __init__(self, http: aiohttp.ClientSession, port: int) -> None:
        self._http = http
        self._address = f"http://{HOST}:{port}/api/v1"

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return the data of an answer, which is a success."""
        async with self._http.get(f"{self._address}/{path}", params=query) as answer:
            found: dict[str, Any] = await answer.json()
        assert "success" == found["status"], found
        return dict(found["data"])

    async def until(self, path: str, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until what it answers is as wanted."""
        async with asyncio.timeout(PATIENCE):
            while not holds(await self._tried(path)):  # noqa: ASYNC110 -- another process's state has no event for it
                await asyncio.sleep(0.1)

    async def _tried(self, path: str) -> dict[str, Any]:
        try:
            return await self.get(path)
        except aiohttp.ClientError:
            return {}  # it has not begun to listen

    async def until_firing(self, *alerts: str) -> None:
        """Wait until these alerts fire."""
        await self.until("alerts", lambda found: set(alerts) <= firing(found))


def firing(found: dict[str, Any]) -> set[str]:
    """Return the names of the alerts that fire."""
    return {one["labels"]["alertname"] for one in found.get("alerts", ()) if one["state"] == "firing"}


@asynccontextmanager
async def watching(directory: Path, ports: dict[str, str]) -> AsyncIterator[Prometheus]:
    """Run Prometheus with the shipped rules and jobs, by the second: it looks and judges sooner than in life."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))
    for rule in rules["groups"][0]["rules"]:
        rule["for"] = "0s"
    (directory / "alerts.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yaml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [f"{HOST}:{ports[JOBS[job['job_name']]]}"]}]
    (directory / "prometheus.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    [port] = free_ports(1)
    child = Child(
        (
            tool("prometheus"),
            f"--config.file={directory / 'prometheus.yaml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={HOST}:{port}",
        ),
        output=directory / "prometheus.log",
    )
    try:
        async with aiohttp.ClientSession() as http:
            yield Prometheus(http, port)
    finally:
        await child.stop(PATIENCE)


def dashboard_queries() -> list[str]:
    """List the queries of the dashboard."""
    panels = json.loads((ROOT / "deploy/grafana/pagebridge.json").read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


async def test_prometheus_sees_both_programs_and_its_rules_fire(tmp_path: Path) -> None:
    """From another container it reads both; a forged delivery and a killed worker raise their alerts."""
    tool("prometheus")
    ports = dict(zip(JOBS.values(), map(str, free_ports(2)), strict=True))
    async with store(tmp_path) as server, deployed(tmp_path / "deployment") as bridge:
        host = {"ADMIN_HOST": SERVICES["worker"]["environment"]["ADMIN_HOST"]}
        receiver = started(bridge, server, "receiver", **host, **ports)
        worker = started(bridge, server, "worker", **host, **ports)
        await receiver.until_logged("receiver.listening")
        async with watching(tmp_path, ports) as prometheus:
            await prometheus.until("targets", lambda found: healths(found) == ["up", "up"])
            for query in dashboard_queries():
                await prometheus.get("query", query=query)

            async with aiohttp.ClientSession() as http:
                address = f"http://{HOST}:{bridge.receiver_port}/webhooks/pagerduty"
                assert 401 == (await http.post(address, data=b"{}")).status
            await worker.kill()
            await prometheus.until_firing("PagebridgeDeliveriesRefused", "PagebridgeNoWorkerReady")
            assert "PagebridgeNoReceiverReady" not in firing(await prometheus.get("alerts"))


def healths(found: dict[str, Any]) -> list[str]:
    """Return how it goes to what is asked."""
    return [target["health"] for target in found.get("activeTargets", ())]
