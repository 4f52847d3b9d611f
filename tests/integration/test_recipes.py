"""The recipes of ci/ do what they promise, played as the services run them."""

import contextlib
import json
import shutil
import subprocess
import sys

import grpc
import pytest
import yaml
from support.recipes import CI, ROOT, GitHubJob, end, environment, gitlab_scripts, in_bash

from toggle_mock.cli.options import option_name
from toggle_mock.cli.serve import serve
from toggle_mock.dialing import channel

pytestmark = pytest.mark.slow

AGENT = ROOT / "examples" / "agent.py"


@pytest.fixture
def job(tmp_path):
    """A job of GitHub; the mock that it has started ends with it."""
    made = GitHubJob(tmp_path)
    yield made
    if "pid" in made.pairs("OUTPUT"):
        end(int(made.pairs("OUTPUT")["pid"]))


def run_agent(variables, home):
    """The agent of the examples, told where Toggle is by a recipe's variables."""
    told = {"TOGGLE": variables["TOGGLE_ADDRESS"], "TOGGLE_JWT": variables["TOGGLE_JWT"]}
    own = {**environment(), **told, "HOME": str(home), "no_proxy": "127.0.0.1"}
    subprocess.run([sys.executable, AGENT], env=own, check=True, timeout=60)


def test_a_github_job_has_a_mock_and_is_told_what_it_saw(job, tmp_path):
    arguments = "\n--heartbeat=0\n  \n--fault={latency: {seconds: 0.01}}\n"  # one a line
    assert job.use("github", package="", rid="node 1", arguments=arguments) == 0
    assert job.use("github/report") == 0
    assert any("nobody has called" in line for line in job.output)
    told, out = job.pairs("ENV"), job.pairs("OUTPUT")
    assert told == {
        "TOGGLE_ADDRESS": out["address"],
        "TOGGLE_JWT": out["jwt"],
        "TOGGLE_MOCK_URL": out["url"],
    }
    assert f"::add-mask::{out['jwt']}" in job.output
    run_agent(told, tmp_path)
    with channel(out["address"]) as wrong, contextlib.suppress(grpc.RpcError):
        wrong.unary_unary("/rodent.RodentService/SendEvent")(b"", timeout=30, wait_for_ready=True)
    job.output.clear()
    assert job.use("github/report") == 0
    assert job.output[0].startswith("::error title=Toggle mock::turned away: there is no method")
    assert job.output[1].startswith("::notice title=Toggle mock::2 events in ")
    assert "| node 1 | " in job.summary
    assert "rodent-controller" in job.summary
    recorded = (tmp_path / "toggle-mock" / "recording.ndjson").read_text()
    assert "node 1" in recorded
    assert out["jwt"] not in recorded


def test_a_github_job_is_told_why_there_is_no_mock(job):
    assert job.use("github", package="", arguments="--tsl") == 1
    assert job.output[0] == "::error title=Toggle mock::it did not start within 60 s"
    assert any("No such option '--tsl'" in line for line in job.output)
    assert job.pairs("ENV") == {}
    assert job.use("github/report") == 0
    assert "the mock does not answer: 'TOGGLE_MOCK_URL'" in job.output[-1]
    assert "%0A" in job.output[-1]


def test_a_gitlab_job_has_a_mock_and_shows_what_it_saw(tmp_path):
    variables, before, after = gitlab_scripts()
    variables |= {"TOGGLE_PACKAGE": "", "TOGGLE_ARGUMENTS": "--heartbeat 0 --relay"}
    script = f"""
echo "$toggle_pid" >pid
env | grep ^TOGGLE >told
no_proxy=127.0.0.1 HOME=$PWD TOGGLE=$TOGGLE_ADDRESS {sys.executable} {AGENT}
curl --silent --fail --noproxy '*' "$TOGGLE_MOCK_URL/readyz"
exit 7
"""
    try:
        done = in_bash(before + script, tmp_path, variables)
        assert done.returncode == 7, done.stdout + done.stderr
        assert '"ready":true' in done.stdout
    finally:
        end(int((tmp_path / "pid").read_text()))
    told = dict(line.split("=", 1) for line in (tmp_path / "told").read_text().splitlines())
    assert {"TOGGLE_ADDRESS", "TOGGLE_JWT", "TOGGLE_MOCK_URL"} <= told.keys()
    failed = in_bash(after, tmp_path, variables | {"CI_JOB_STATUS": "failed"})
    assert failed.returncode == 0, failed.stderr
    assert "rodent-controller" in failed.stdout
    passed = in_bash(after, tmp_path, variables | {"CI_JOB_STATUS": "success"})
    assert "rodent-controller" not in passed.stdout


def test_a_gitlab_job_ends_where_the_mock_does_not_start(tmp_path):
    variables, before, after = gitlab_scripts()
    variables |= {"TOGGLE_PACKAGE": "", "TOGGLE_ARGUMENTS": "--tsl"}
    done = in_bash(before, tmp_path, variables)
    assert (done.returncode, "No such option '--tsl'" in done.stdout) == (1, True)
    after = in_bash(after, tmp_path, variables | {"CI_JOB_STATUS": "failed"})
    assert (after.returncode, "--tsl" in after.stdout) == (0, True)


def settings_of(path):
    """What a recipe says to the mock by its environment."""
    document = yaml.safe_load((CI / path).read_text())
    if "services" in document:
        return document["services"]["toggle"]["environment"]
    (container,) = document["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in container["env"]}


@pytest.mark.parametrize("path", ["compose/compose.yaml", "kubernetes/deployment.yaml"])
def test_what_a_container_is_told_are_options_that_there_are(path, tmp_path):
    known = {option.envvar: option for option in serve.params if option.envvar}
    settings = settings_of(path)
    assert len(settings) >= 6
    assert [name for name in settings if name not in known] == []
    words = []
    for name, value in settings.items():
        words += [f"--{option_name(known[name])}", value.replace("/data", str(tmp_path))]
    (tmp_path / "jwt.key").write_text("secret")
    words = [word.replace("/run/toggle-mock", str(tmp_path)) for word in words]
    assert serve.make_context("serve", words).params["port"] == 50051


@pytest.fixture(scope="module")
def kustomized(tmp_path_factory):
    """What kubectl makes of a folder, with the secrets that a user puts there."""
    if not shutil.which("kubectl"):
        (pytest.fail if "CI" in environment() else pytest.skip)("kubectl is not installed")
    copy = tmp_path_factory.mktemp("tree")
    for name in ("ci/kubernetes", "examples/kubernetes"):
        shutil.copytree(ROOT / name, copy / name)
    (copy / "ci/kubernetes/jwt.key").write_text("secret")
    (copy / "examples/kubernetes/load/postgres.env").write_text("PGPASSWORD=word")

    def made(name: str) -> list[dict]:
        command = ["kubectl", "kustomize", copy / name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return list(yaml.safe_load_all(done.stdout))

    return made


def pods_of(resources):
    """The pods of a cluster, by what makes them."""
    return {
        (one["kind"], one["metadata"]["name"]): one["spec"]["template"]["spec"]
        for one in resources
        if "template" in one.get("spec", {})
    }


def values_of(document, name):
    """All values that have a name, however deep."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from [value] if key == name else values_of(value, name)
    elif isinstance(document, list):
        for one in document:
            yield from values_of(one, name)


@pytest.mark.parametrize(
    ("name", "made", "keys"),
    [
        ("ci/kubernetes", [("Deployment", "toggle-mock")], {"toggle-mock-key": "jwt.key"}),
        (
            "examples/kubernetes/load",
            [
                ("Deployment", "toggle-mock"),
                ("Job", "load-master"),
                ("Job", "load-workers"),
                ("StatefulSet", "postgres"),
            ],
            {"toggle-mock-key": "jwt.key", "postgres": "PGPASSWORD"},
        ),
    ],
)
def test_a_cluster_gets_what_its_pods_name(kustomized, name, made, keys):
    resources = kustomized(name)
    pods = pods_of(resources)
    assert sorted(pods) == made
    secrets = [one for one in resources if one["kind"] == "Secret"]
    names = {one["metadata"]["name"].rpartition("-")[0]: [*one["data"]] for one in secrets}
    assert names == {name: [key] for name, key in keys.items()}
    there = {one["metadata"]["name"] for one in resources if one["kind"] in {"Secret", "ConfigMap"}}
    used = [one["secretName"] for one in values_of(resources, "secret")]
    used += [one["name"] for one in values_of(resources, "secretKeyRef")]
    used += [one["name"] for one in values_of(resources, "configMap")]
    assert set(used) == there
    labels = {
        tuple(one["spec"]["template"]["metadata"]["labels"].values()): pods[key]
        for one in resources
        if (key := (one["kind"], one["metadata"]["name"])) in pods
    }
    for service in (one["spec"] for one in resources if one["kind"] == "Service"):
        (container,) = labels[tuple(service["selector"].values())]["containers"]
        assert {port["targetPort"] for port in service["ports"]} == {
            port["name"] for port in container["ports"]
        }
    for pod in pods.values():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["enableServiceLinks"] is False
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]


def test_a_cluster_has_its_image_where_it_says(kustomized):
    text = json.dumps(kustomized("examples/kubernetes/load"))
    assert text.count('"toggle-mock:load"') == 3
    assert json.dumps(kustomized("ci/kubernetes")).count("toggle-mock:latest") == 1


PARSES = """
import json, sys
import toggle_mock.locust.user
from locust.argument_parser import get_parser
for arguments in json.load(sys.stdin):
    options = get_parser().parse_args(arguments)
    print(json.dumps([options.host, options.expect_workers, options.master_host]))
"""


def test_locust_takes_what_its_pods_are_told(kustomized):
    resources = kustomized("examples/kubernetes/load")
    pods = pods_of(resources)
    arguments = [
        pods["Job", name]["containers"][0]["args"] for name in ("load-master", "load-workers")
    ]
    done = subprocess.run(
        [sys.executable, "-c", PARSES],
        input=json.dumps(arguments),
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    master, worker = map(json.loads, done.stdout.splitlines())
    services = {one["metadata"]["name"] for one in resources if one["kind"] == "Service"}
    assert {master[0].partition(":")[0], worker[2], "postgres"} == services
    workers = next(one for one in resources if one["metadata"]["name"] == "load-workers")
    assert master[1] == workers["spec"]["parallelism"] == workers["spec"]["completions"]
