import json
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from normlab.cli import app
from normlab.cli.notebook import check_against_notebook
from normlab.client import Client
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState
from normlab.spec import parse_job_spec

pytestmark = pytest.mark.xdist_group("service")
UNKNOWN_JOB = "job_" + "0" * 26


def test_submitting_and_watching(run, client: Client) -> None:
    result = run(
        "submit",
        "baseline",
        "--dataset",
        "digits",
        "--epochs",
        "2",
        "--seed",
        "7",
        "--optimizer",
        "adam",
        "--learning-rate",
        "0.002",
        "--batch-size",
        "64",
        "--name",
        "[mine]",
        "--tag",
        "a",
        "--tag",
        "b",
        "--watch",
    )
    assert result.exit_code == 0, result.output
    job = client.job(result.stdout.strip())
    training = job.spec["training"]
    assert (training["epochs"], training["seed"], training["batch_size"]) == (2, 7, 64)
    assert (training["optimizer"]["name"], training["optimizer"]["learning_rate"]) == ("adam", 0.002)
    assert (job.name, job.tags, job.state) == ("[mine]", ("a", "b"), JobState.SUCCEEDED)
    lines = result.stderr.splitlines()
    assert lines[0].startswith("[mine]  queued")  # and what it waits for, while the worker starts
    assert lines[1] == "[mine]  running"
    assert lines[2].startswith("[mine]  epoch 1/2  loss ")
    assert "  val_accuracy 0." in lines[3]
    assert lines[-1] == "[mine]  succeeded"


def test_a_spec_from_a_file_and_what_goes_over_it(run, tmp_path: Path) -> None:
    spec = {
        "architecture": "baseline",
        "dataset": "digits",
        "training": {"optimizer": {"name": "sgd", "momentum": 0.5}},
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    file = ("submit", "--file", str(tmp_path / "spec.json"), "--dry-run", "--json")
    kept = json.loads(run(*file, "--learning-rate", "0.5", "--epochs", "4").stdout)["spec"]
    assert kept["training"]["optimizer"]["momentum"] == 0.5
    assert (kept["training"]["optimizer"]["learning_rate"], kept["training"]["epochs"]) == (0.5, 4)
    other = json.loads(run(*file, "batch_norm", "--optimizer", "adam").stdout)["spec"]
    assert (other["architecture"]["preset"], other["training"]["optimizer"]["name"]) == ("batch_norm", "adam")
    default = json.loads(
        run(
            "submit",
            "--file",
            "-",
            "--learning-rate",
            "0.5",
            "--dry-run",
            "--json",
            input='{"architecture": "baseline"}',
        ).stdout
    )
    assert default["spec"]["training"]["optimizer"]["learning_rate"] == 0.5
    size = run("submit", "batch_norm", "--dry-run")
    assert "271,346 parameters, 268,978 of them trainable" in size.stdout
    layers = [{"type": "flatten"}, {"type": "dense", "units": 2}, {"type": "layer_normalization"}]
    hard = json.dumps({"architecture": {"layers": layers}})
    warned = run("submit", "--file", "-", "--dry-run", input=hard)
    assert warned.stderr.startswith("Beware, /architecture/layers/2: layer_normalization_1 takes each mean")


def test_a_preset_is_named_with_its_normalization(run) -> None:
    size = run("submit", "resnet20:group", "--dataset", "digits", "--dry-run")
    assert "272,970 parameters, 272,970 of them trainable" in size.stdout
    assert "group_normalization_21" in size.stdout
    listed = run("architectures").stdout
    assert "Also with: none, batch, layer, group, instance, rms." in " ".join(listed.split())
    refused = run("submit", "baseline:group", "--dry-run")
    assert refused.exit_code == 1
    assert "/architecture: baseline leaves no choice" in " ".join(refused.stderr.split())


def test_what_each_layer_reads_is_shown_where_there_are_branches(run) -> None:
    straight = run("submit", "baseline", "--dry-run").stdout
    assert straight.splitlines()[0].split() == ["layer", "type", "output", "parameters"]
    layers = [{"type": "flatten"}, {"type": "residual", "layers": [{"type": "dense", "units": 784}]}]
    given = json.dumps({"architecture": {"layers": layers}})
    heading, *rows = run("submit", "--file", "-", "--dry-run", input=given).stdout.splitlines()
    assert heading.split() == ["layer", "reads", "type", "output", "parameters"]
    assert "add_1 dense_1, flatten_1 add 784 0" in [" ".join(row.split()) for row in rows]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("submit",), 2, "name an architecture"),
        (("submit", "small.json"), 2, "write `normlab submit --file small.json`"),
        (("submit", "specs/small"), 2, "is the name of a file"),
        (("submit", "--file", "nowhere.json"), 2, "No such file"),
        (("submit", "--file", "-"), 2, "stdin is empty"),
        (("submit", "bassline"), 1, '/architecture: there is no preset "bassline"'),
        (
            ("submit", "baseline", "--epochs", "0"),
            1,
            "Error: The service refuses this request: /training/epochs: should",
        ),
        (("compare", "job_1", "--chart", "chart.gif"), 2, "chart.gif should end in .png, .svg or .json."),
        (("compare", "job_1"), 1, "Error: There is no job and no comparison 'job_1'"),
        (("watch", "job_1"), 1, "Error: There is no job and no comparison 'job_1'"),
        (("show", UNKNOWN_JOB), 1, f"Error: there is no job {UNKNOWN_JOB}"),
        (("predict", UNKNOWN_JOB, "image.gif"), 1, "Error: image.gif is no image that can be sent"),
        (("compare", "baseline", UNKNOWN_JOB), 2, "baseline is no id"),
        (("delete", UNKNOWN_JOB, "--with-jobs"), 2, "it goes with comparisons"),
        (("download", UNKNOWN_JOB, "onnx"), 1, "there is no job"),
        (("prune", "--older-than", "30"), 2, "30 is no age"),
        (("prune", "--older-than", "1d", "--state", "running"), 2, "only jobs that have ended"),
        (("up", "--port", "70000"), 2, "less than or equal to 65535"),
    ],
)
def test_errors_are_one_message_on_stderr(run, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    said = " ".join(result.stderr.replace("│", " ").split())  # usage errors come in a box
    assert message in said
    assert "Traceback" not in result.stderr


def test_a_setting_that_cannot_be_used_is_one_message(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMLAB_LEASE_SECONDS", "many")
    result = run("up")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: NORMLAB_LEASE_SECONDS: ")
    assert result.stderr.count("\n") == 1


def test_where_no_service_answers(run) -> None:
    result = run("jobs", "--url", "http://127.0.0.1:1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: No Normlab service answers at http://127.0.0.1:1. Start one with `normlab up`, or set NORMLAB_URL "
        "to the address of one that runs.\n"
    )


def test_comparing(run, trained: tuple[JobDocument, JobDocument], tmp_path: Path) -> None:
    ids = [job.id for job in trained]
    result = run("compare", *ids, "--chart", str(tmp_path / "chart.svg"))
    assert result.exit_code == 0, result.output
    assert "what differs" in result.stdout
    assert "normalization" in result.stdout
    assert "Beware\n- " in result.stdout
    assert "to target" in result.stdout
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")
    assert [job["id"] for job in json.loads(run("compare", *ids, "--json").stdout)["jobs"]] == ids
    unwritable = run("compare", *ids, "--chart", str(tmp_path / "nowhere" / "chart.png"))
    assert unwritable.exit_code == 2
    assert "there is no folder" in unwritable.stderr
    (tmp_path / "a.svg").mkdir()
    folder = run("compare", *ids, "--chart", str(tmp_path / "a.svg"))
    assert folder.exit_code == 1
    assert "a.svg: Is a directory." in folder.stderr


def test_predicting(run, trained: tuple[JobDocument, JobDocument], tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    result = run("predict", trained[1].id, str(tmp_path / "black.png"), "--top", "3")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 3
    assert " % " in result.stdout
    prediction = json.loads(run("predict", trained[1].id, str(tmp_path / "black.png"), "--json").stdout)
    assert prediction["class"] == str(prediction["label"])


def test_listing_and_showing(run, trained: tuple[JobDocument, JobDocument]) -> None:
    listed = run("jobs", "--tag", "trained")
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == [
        job.id for job in reversed(trained)
    ]
    one = run("jobs", "--tag", "trained", "--limit", "1")
    assert len(one.stdout.splitlines()) == 2
    assert one.stderr == "More jobs exist; show them with --limit 10.\n"
    assert run("jobs", "--tag", "nobody's").stderr == "No jobs match.\n"
    assert run("jobs", "--dataset", "cifar10", "--tag", "trained").stderr == "No jobs match.\n"
    unknown = run("jobs", "--dataset", "cifar")
    assert (unknown.exit_code, "cifar10" in unknown.stderr) == (2, True)
    shown = run("show", trained[1].id).stdout
    assert "batch_norm  succeeded  job_" in shown
    assert "The network of epoch " in shown
    assert " was kept: validation accuracy " in shown
    assert "compiling" in shown
    assert json.loads(run("show", trained[1].id, "--json").stdout)["id"] == trained[1].id


def test_showing_that_early_stopping_ended_a_job(run, client: Client) -> None:
    rule = {"monitor": "val_loss", "patience": 1, "min_delta": 10.0, "restore_best_weights": True}
    training = {"epochs": 7, "early_stopping": rule}
    job = client.submit("baseline", dataset="digits", training=training)
    client.wait(job.id)
    shown = " ".join(run("show", job.id).stdout.split())
    assert "Early stopping ended the training after epoch 2 of 7. The network of epoch 1 was kept" in shown


def test_cancelling_and_deleting(run, client: Client) -> None:
    job = client.submit("baseline", dataset="digits", training={"epochs": 10_000})
    assert run("cancel", job.id).stdout.startswith(f"{job.id} ")
    watched = run("watch", job.id)
    assert watched.exit_code == 1
    assert watched.stderr.splitlines()[-1] == f"baseline ({job.id}) is cancelled."
    assert run("delete", job.id).stdout == f"{job.id} is deleted\n"
    assert run("show", job.id).exit_code == 1


def test_ctrl_c_ends_the_watching_and_not_the_job(client: Client) -> None:
    job = client.submit("baseline", dataset="digits", training={"epochs": 10_000})
    # Tests that run in the background of a shell inherit that Ctrl-C is ignored.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [
        sys.executable,
        "-c",
        f"{heeding}; from normlab.cli import app; app()",
        "watch",
        job.id,
        "--url",
        client.base_url,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stderr.readline() == "baseline  queued\n"
        watching.send_signal(signal.SIGINT)
        said = watching.stderr.read()
    assert (watching.returncode, said.splitlines()[-1]) == (
        130,
        f"The training goes on; watch it again with: normlab watch {job.id}",
    )
    assert not client.job(job.id).state.final
    client.cancel(job.id)


def test_what_there_is(run) -> None:
    assert "deep_sigmoid_with_batch_norm" in run("architectures").stdout
    assert json.loads(run("architectures", "--json").stdout)[0]["name"] == "baseline"
    spec = json.loads(run("architectures", "batch_norm").stdout)
    assert parse_job_spec(spec).digest == parse_job_spec({"architecture": "batch_norm"}).digest
    unknown = run("architectures", "batchnorm")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    said = " ".join(unknown.stderr.replace("│", " ").split())  # usage errors come in a box
    assert 'did you mean "batch_norm"?' in said
    assert "28 x 28" in run("datasets").stdout
    assert len(json.loads(run("datasets", "--json").stdout)) == 4


def test_the_notebooks_figures_are_compared_from_the_third_epoch_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    near = {"baseline": [0.1, 0.1, 0.7934, 0.8182], "batch_norm": [0.1, 0.1, 0.8468, 0.8538]}
    assert check_against_notebook(near, {"baseline": 7.0}) is None
    assert "within 0.0100 of each other" in capsys.readouterr().out
    far = near | {"batch_norm": [0.1, 0.1, 0.8468, 0.8338]}
    assert check_against_notebook(far, {}) == (
        "From epoch 3 on, a validation accuracy is 0.0200 away from the notebook's; at most 0.015 was expected."
    )
    assert check_against_notebook({"baseline": [0.7]}, {}) is None
    assert "Too few epochs" in capsys.readouterr().out


def test_each_option_says_what_it_is_for() -> None:
    for name, command in typer.main.get_command(app).commands.items():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, (name, parameter.name)
            assert "[" not in parameter.help, "brackets are markup, and not shown"


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x05\x06" + bytes(18), b"{}", None],
    ids=["empty", "an archive of nothing", "no archive", "a folder"],
)
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes | None) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.mkdir() if content is None else bundle.write_bytes(content)
    result = CliRunner().invoke(app, ["reproduce", str(bundle), "--url", "http://127.0.0.1:1"])
    assert (result.exit_code, result.stdout) == (1, ""), result.exception
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "manifest", ["[]", "null", '{"format": 1}', '{"format": 1, "jobs": [5]}', "[" * 3000]
)
def test_a_bundle_with_another_manifest_is_refused(tmp_path: Path, manifest: str) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        archive.writestr("manifest.json", manifest)
        archive.writestr("metrics.csv", "job,loss,accuracy,val_loss,val_accuracy\n")
    result = CliRunner().invoke(app, ["reproduce", str(tmp_path / "bundle.zip")])
    assert (result.exit_code, result.stdout) == (1, ""), result.exception
    assert "is no bundle of a comparison" in result.stderr
