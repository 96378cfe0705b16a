"""The Helm chart: helm has nothing against it, every object is one that Kubernetes takes, and it is closed."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from shared.http.hosts import ANY
from tests.deploy.users import ROOT

CHART = ROOT / "deploy/helm/pagebridge"
TOOLS = ROOT / ".cache/kubernetes"
SCHEMAS = TOOLS / "packages/kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict"
HTTP = {"worker": {"http": {"enabled": True}}}
INGRESS = {"receiver": {"signIn": True, "ingress": {"enabled": True, "className": "nginx", "host": "pd.example.com"}}}
WATCHED = {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}
BARE = {
    "networkPolicy": {"enabled": False},
    "podDisruptionBudget": {"enabled": False},
    "receiver": {"replicas": 1},
    "worker": {"replicas": 1},
}
VALUES: Mapping[str, Mapping[str, Any]] = {
    "as shipped": {},
    "Slack over HTTP, with an ingress": {**HTTP, **INGRESS},
    "watched": {**INGRESS, **WATCHED, "env": {"LOG_LEVEL": "debug", "HTTPS_PROXY": "http://proxy:3128"}},
    "traced": {"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"}, "networkPolicy": {"collectorPorts": [4318]}},
    "in a cluster with IPv6": {"env": {"ADMIN_HOST": "::", "RECEIVER_HOST": "::"}},
    "as little as can be": BARE,
    **{file.stem: yaml.safe_load(file.read_text("utf-8")) for file in sorted(CHART.parent.glob("values-*.yaml"))},
}


@pytest.fixture(params=list(VALUES.values()), ids=list(VALUES))
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> list[dict[str, Any]]:
    """Render the chart with one of the sets of values."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(dict(request.param)), encoding="utf-8")
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), "--values", str(file))
    rendered = helm("template", "pb", str(CHART), "--namespace", "ops", "--values", str(file))
    return [one for one in yaml.safe_load_all(rendered) if one]


def helm(*arguments: str) -> str:
    """Run helm, which has nothing to say against it; skip where it is not."""
    if not (TOOLS / "helm").exists():
        pytest.skip("helm is not here: tools/kubernetes fetches it")
    done = subprocess.run([TOOLS / "helm", *arguments], capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the part and the pod of each deployment."""
    for one in objects:
        if one["kind"] == "Deployment":
            yield one["metadata"]["labels"]["app.kubernetes.io/component"], one["spec"]["template"]["spec"]


def test_kubernetes_takes_every_object(objects: list[dict[str, Any]]) -> None:
    """Against the strict schemas of Kubernetes: no field that it does not know, none of another type."""
    registry = Registry[Any]().with_resource("/api/_definitions.json", schema("_definitions.json"))
    for one in objects:
        group, _, version = one["apiVersion"].rpartition("/")
        if group == "monitoring.coreos.com":
            continue  # the operator's own kind
        name = "-".join(filter(None, (one["kind"].lower(), group.partition(".")[0], version)))
        jsonschema.Draft202012Validator(schema(f"{name}.json").contents, registry=registry).validate(one)


def schema(name: str) -> Resource[Any]:
    """Read a schema of Kubernetes."""
    return Resource.from_contents(json.loads((SCHEMAS / name).read_text("utf-8")), DRAFT202012)


def test_every_pod_is_closed(objects: list[dict[str, Any]]) -> None:
    """Not root, no capabilities, a read-only file system, no token of the cluster's, no service links."""
    for _, pod in pods(objects):
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert "RuntimeDefault" == pod["securityContext"]["seccompProfile"]["type"]
        assert (False, False) == (pod["automountServiceAccountToken"], pod["enableServiceLinks"])
        assert {"drop": ["ALL"]} == container["securityContext"]["capabilities"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()


def test_no_secret_is_in_the_environment(objects: list[dict[str, Any]]) -> None:
    """Each program reads its own secrets from files, and no other's."""
    secrets = {}
    for part, pod in pods(objects):
        [container] = pod["containers"]
        assert not [one["name"] for one in container["env"] if "valueFrom" in one]
        [secrets[part]] = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
    assert {"receiver": "pagebridge-receiver", "worker": "pagebridge-worker"} == secrets


def test_probes_ask_the_port_that_answers(objects: list[dict[str, Any]]) -> None:
    """Health is asked on the admin port, which listens for the cluster; every port of a service is one of a pod."""
    ports: dict[str, set[str]] = {}
    for part, pod in pods(objects):
        [container] = pod["containers"]
        ports[part] = {port["name"] for port in container["ports"]}
        [host] = [one["value"] for one in container["env"] if one["name"] == "ADMIN_HOST"]
        assert host in ANY
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert "admin" == container[probe]["httpGet"]["port"]
    for service in (one for one in objects if one["kind"] == "Service"):
        part = service["metadata"]["labels"]["app.kubernetes.io/component"]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports[part]


def test_a_secret_among_the_values_is_refused(tmp_path: Path) -> None:
    """A token belongs in a file, so helm does not take it as a plain value."""
    helm("version")
    given = tmp_path / "values.yaml"
    given.write_text("env: {SLACK_BOT_TOKEN: xoxb-1}\n", encoding="utf-8")
    done = subprocess.run(  # noqa: S603 -- ours
        [TOOLS / "helm", "template", "pb", str(CHART), "--values", str(given)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 != done.returncode
    assert "SLACK_BOT_TOKEN" in done.stderr


def test_the_chart_has_the_version_of_the_project() -> None:
    """Chart and image are released together."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'version = "{chart["appVersion"]}"' in project
