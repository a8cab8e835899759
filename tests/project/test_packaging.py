"""What is built holds exactly what the source holds, and installs."""

import importlib.resources
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = CONFIG["tool"]["setuptools"]["package-dir"]


def tracked():
    """Return the files of the project as git knows them, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_the_list_of_packages_equals_the_tree():
    found = set()
    for package, folder in FOLDERS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            inner = init.parent.relative_to(ROOT / folder).parts
            found.add(".".join([package, *inner]))
    assert sorted(found) == sorted(CONFIG["tool"]["setuptools"]["packages"])


def shipped():
    """Return where each source file of the package must be in the wheel."""
    found = set()
    for name in tracked():
        folder, _, rest = name.partition("/")
        package = next((p for p, source in FOLDERS.items() if source == folder), None)
        if package and rest:
            found.add(f"{package.replace('.', '/')}/{rest}")
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build sdist and wheel from a copy, with leftovers of an older build lying about."""
    copy = tmp_path_factory.mktemp("source") / "actgen"
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    stale = copy / "build" / "lib" / "actgen" / "generated" / "cpu" / "deleted.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    out = copy.parent / "dist"
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    (wheel,) = out.glob("*.whl")
    (sdist,) = out.glob("*.tar.gz")
    return wheel, sdist


def test_the_wheel_holds_the_source_and_nothing_else(built):
    names = {name for name in zipfile.ZipFile(built[0]).namelist() if ".dist-info/" not in name}
    assert names == shipped()


def test_the_sdist_holds_the_source_of_the_wheel(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    source = {name for name in tracked() if name.partition("/")[0] in FOLDERS.values()}
    assert source <= names
    assert not any("deleted" in name for name in names)


def test_the_wheel_works_when_installed(built, tmp_path):
    zipfile.ZipFile(built[0]).extractall(tmp_path / "site")
    script = (
        "import actgen, importlib.resources as r\n"
        "assert actgen.__file__.startswith(__import__('sys').argv[1])\n"
        "print(actgen.relu([-1.0, 2.0]), len(actgen.names()))\n"
        "print(r.files('actgen.spec').joinpath('activations/relu.yaml').is_file())\n"
        "from actgen.codegen.cli import main\n"
        "main(['show', 'relu', '--stage', 'latex'])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "site")]
    environment = {"PYTHONPATH": str(tmp_path / "site"), "PATH": "", "HOME": str(tmp_path)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("[0. 2.]")
    assert "\nTrue\n" in run.stdout


def test_package_data_is_found_where_it_is_installed():
    spec = importlib.resources.files("actgen.spec")
    assert spec.joinpath("activation.schema.json").is_file()
    assert importlib.resources.files("actgen").joinpath("py.typed").is_file()
