"""Checks the manifests against the schema that Kubernetes publishes for its API, strictly.

A check that cannot fail checks nothing: a misspelt field, a wrong type and a missing field are
tried too, and must be refused. Needs the packages of requirements.txt.
"""

import copy
import pathlib
import sys

import kubernetes_validate
import yaml

FOLDER = pathlib.Path(__file__).parent
VERSIONS = ["1.30", "1.37"]


def refusal(manifest, version):
    """Why the API of a version refuses a manifest, or None."""
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return error.message
    return None


def merge(target, patch):
    """A strategic merge of what our patch has: maps by key, containers by name."""
    for key, value in patch.items():
        if isinstance(value, dict):
            merge(target.setdefault(key, {}), value)
        elif isinstance(value, list):
            named = {entry["name"]: entry for entry in target[key]}
            for entry in value:
                merge(named[entry["name"]], entry)
        else:
            target[key] = value


def spoilt(deployment):
    """Copies of a good Deployment that the API must refuse, by what is wrong with each."""
    container = lambda copied: copied["spec"]["template"]["spec"]["containers"][0]
    wrongs = {
        "a misspelt field": lambda copied: container(copied).update(imagePulPolicy="Always"),
        "a wrong type": lambda copied: copied["spec"].update(replicas="one"),
        "no selector": lambda copied: copied["spec"].pop("selector"),
    }
    for wrong, spoil in wrongs.items():
        copied = copy.deepcopy(deployment)
        spoil(copied)
        yield wrong, copied


def main():
    manifests = list(yaml.safe_load_all((FOLDER / "podpath-pair.yaml").read_text()))
    patch = yaml.safe_load((FOLDER / "gpu-patch.yaml").read_text())
    deployments = [entry for entry in manifests if entry["kind"] == "Deployment"]
    assert len(manifests) == 3 and len(deployments) == 2, "the pair is two and a Service"
    for deployment in deployments:
        patched = copy.deepcopy(deployment)
        merge(patched, patch)
        limits = patched["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        assert limits == {"cpu": "2", "memory": "1Gi", "nvidia.com/gpu": "1"}, limits
        manifests.append(patched)
    shards = list(yaml.safe_load_all((FOLDER / "podpath-shards.yaml").read_text()))
    jobs = [entry["spec"] for entry in shards if entry["kind"] == "Job"]
    assert len(shards) == 3 and len(jobs) == 2, "the shards are a claim and two Jobs"
    words = jobs[0]["template"]["spec"]["containers"][0]["command"]
    assert f"kubernetes/{jobs[0]['completions']}" in words, words
    manifests += shards
    complaints = []
    for version in VERSIONS:
        for manifest in manifests:
            problem = refusal(manifest, version)
            if problem:
                name = f"{manifest['kind']} {manifest['metadata']['name']}"
                complaints.append(f"Kubernetes {version}: {name}: {problem}")
        for wrong, manifest in spoilt(deployments[0]):
            if not refusal(manifest, version):
                complaints.append(f"Kubernetes {version}: {wrong} was not refused")
    if "privileged" in (FOLDER / "podpath-pair.yaml").read_text().replace("is privileged", ""):
        complaints.append("something is privileged")
    sys.exit("\n".join(complaints) or print(f"{len(manifests)} manifests are valid"))


main()
