"""A Redis Cluster with the users of the deployment, started and made one as `deploy/compose.cluster.yaml` does."""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pagebridge.cli.checks import redis
from pagebridge.cli.checks.findings import Check, Status, look_at_all
from pagebridge.local.child_process import Child
from pagebridge_sandbox.loopback import free_ports
from shared.store.redis import connect
from tests.deploy.users import PASSWORDS, ROOT, Store, store
from tests.topologies import until

NODES = 6
LOOKED_AT = ("Redis", "Redis rights")
CLI = shutil.which("valkey-cli") or shutil.which("redis-cli")
pytestmark = pytest.mark.skipif(not CLI, reason="neither valkey-cli nor redis-cli is installed")


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[Sequence[Store]]:
    """Run six nodes, and make one cluster of them."""
    assert CLI
    buses = free_ports(NODES)
    async with AsyncExitStack() as stack:
        nodes = []
        for number, bus in enumerate(buses):
            directory = tmp_path / str(number)
            directory.mkdir()
            (directory / "node_redis_url").write_text("redis://node:nodes-word@valkey:6379\n", encoding="utf-8")
            nodes.append(await stack.enter_async_context(store(directory, options=("--cluster-port", str(bus)))))
        (tmp_path / "valkey-cli").symlink_to(CLI)
        places = [f"localhost:{node.port}@{bus}" for node, bus in zip(nodes, buses, strict=True)]
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SECRETS_DIR": str(tmp_path / "0")}
        made = Child((ROOT / "deploy/cluster.sh", *places), environment=environment, output=tmp_path / "made.log")
        assert 0 == await made.wait(), (tmp_path / "made.log").read_text("utf-8")
        yield nodes


async def test_both_users_have_all_rights_at_each_node_that_may_get_the_keys(nodes: Sequence[Store]) -> None:
    """The doctor finds the master and its replica, and has nothing against either."""
    hosts = ",".join(f"localhost:{node.port}" for node in nodes[:3])
    for user in PASSWORDS:
        client = connect(f"redis+cluster://{user}:{PASSWORDS[user]}@{hosts}")
        checks = [check for check in redis.checks(client, "fsync", worker=user == "worker") if check.name in LOOKED_AT]

        async def fine(checks: Sequence[Check] = checks) -> bool:
            found = [(each.status, each.what.count("localhost:")) for each in await look_at_all(checks)]
            return found == [(Status.PASS, 2)] * len(LOOKED_AT)

        await until(fine, f"a master and a replica at which {user} may do all")
        await client.aclose()
