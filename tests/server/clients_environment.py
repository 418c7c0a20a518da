"""An environment beside the build with the clients from PyPI that tests use, made once."""
import fcntl
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ENVIRONMENT = pathlib.Path(os.environ["TENON_CLIENTS"])
PACKAGES = ["openai", "jsonschema", "playwright"]


def make(python, complete):
    """Whether it could be made."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True, capture_output=True)
    done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES],
                          capture_output=True, text=True)
    if done.returncode == 0:
        complete.write_text("\n".join(PACKAGES))
    return done.returncode == 0


def prepare():
    """The environment's Python; None if it cannot be made. One test waits for another that makes it."""
    python, complete = ENVIRONMENT / "bin" / "python3", ENVIRONMENT / "complete"
    with open(f"{ENVIRONMENT}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_there = complete.exists() and complete.read_text() == "\n".join(PACKAGES)
        return python if is_there or make(python, complete) else None


def run_there(case, script):
    """Runs a script of this folder there, as a part of the test `case`."""
    python = prepare()
    if python is None:
        case.skipTest(f"{', '.join(PACKAGES)} cannot be installed from PyPI")
    done = subprocess.run([python, HERE / script, "-v"], capture_output=True, text=True)
    print(done.stderr)
    case.assertEqual(done.returncode, 0, done.stderr)
