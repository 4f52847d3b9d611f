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


def test_a_cluster_gets_the_key_as_a_secret(tmp_path):
    if not shutil.which("kubectl"):
        (pytest.fail if "CI" in environment() else pytest.skip)("kubectl is not installed")
    shutil.copytree(CI / "kubernetes", tmp_path, dirs_exist_ok=True)
    (tmp_path / "jwt.key").write_text("secret")
    made = subprocess.run(
        ["kubectl", "kustomize", tmp_path], check=True, capture_output=True, text=True, timeout=60
    )
    by_kind = {one["kind"]: one for one in yaml.safe_load_all(made.stdout)}
    assert by_kind.keys() == {"Secret", "Service", "Deployment"}
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    (key,) = (one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one)
    assert by_kind["Secret"]["metadata"]["name"] == key
    assert pod["securityContext"]["runAsNonRoot"]
    assert (
        by_kind["Deployment"]["spec"]["selector"]["matchLabels"]
        == (by_kind["Service"]["spec"]["selector"])
    )
    ports = {one["name"] for one in pod["containers"][0]["ports"]}
    assert {one["targetPort"] for one in by_kind["Service"]["spec"]["ports"]} == ports
    assert json.dumps(by_kind["Deployment"]).count("toggle-mock:latest") == 1
